using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class OwnFolderTests
{
    [Fact]
    public void Only_a_folder_that_nobody_else_can_enter_is_private()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var folder = new TemporaryFolder();
        var own = Directory.CreateDirectory(folder.Combine("own"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        var open = Directory.CreateDirectory(folder.Combine("open"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherExecute).FullName;
        var link = File.CreateSymbolicLink(folder.Combine("link"), own).FullName;
        File.WriteAllText(folder.Combine("file"), "");

        Assert.True(OwnFolder.IsPrivate(own));
        Assert.False(OwnFolder.IsPrivate(open));
        Assert.False(OwnFolder.IsPrivate(link));
        Assert.False(OwnFolder.IsPrivate(folder.Combine("file")));
        Assert.False(OwnFolder.IsPrivate(folder.Combine("missing")));
    }
}
