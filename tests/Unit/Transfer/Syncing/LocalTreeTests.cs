using P2PShare.Transfer.Syncing;

namespace P2PShare.Unit.Transfer.Syncing;

public sealed class LocalTreeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_are_named_relative_to_the_folder_in_the_order_of_their_names()
    {
        Make("b/two.txt", "a.txt", "b/one.txt", "b/c/d.txt");

        Assert.Equal(["a.txt", "b/c/d.txt", "b/one.txt", "b/two.txt"], Names());
        Assert.All(LocalTree.Read(_folder.Path, TimeProvider.System).Files, file => Assert.True(File.Exists(file.Path)));
    }

    [Fact]
    public void Hidden_files_and_what_is_behind_links_are_left_out()
    {
        using var elsewhere = new TemporaryFolder();
        File.WriteAllText(elsewhere.Combine("outside.txt"), "");
        Make("a.txt", ".hidden", ".git/config");
        Directory.CreateSymbolicLink(_folder.Combine("link"), elsewhere.Path);
        File.CreateSymbolicLink(_folder.Combine("b.txt"), elsewhere.Combine("outside.txt"));

        Assert.Equal(["a.txt"], Names());
    }

    [Fact]
    public void A_folder_that_does_not_exist_has_no_files() => Assert.Empty(LocalTree.Read(_folder.Combine("nowhere"), TimeProvider.System).Files);

    [Fact]
    public void A_deletion_takes_the_folders_along_that_are_empty_then_but_not_the_root()
    {
        Make("keep/a.txt", "keep/old/deep/b.txt", "c.txt");

        LocalTree.Delete(_folder.Path, _folder.Combine("keep", "old", "deep", "b.txt"));
        LocalTree.Delete(_folder.Path, _folder.Combine("c.txt"));

        Assert.Equal(["keep/a.txt"], Names());
        Assert.False(Directory.Exists(_folder.Combine("keep", "old")));
        LocalTree.Delete(_folder.Path, _folder.Combine("keep", "a.txt"));
        Assert.True(Directory.Exists(_folder.Path));
    }

    [LinuxFact]
    public void A_folder_that_cannot_be_read_is_a_fault_and_the_others_are_listed()
    {
        Make("a.txt", "b/one.txt", "closed/two.txt", "z/three.txt");
        UnixFile.SetMode(_folder.Combine("closed"), "0000");
        UnixFile.SetMode(_folder.Path, "0755");
        LocalTree? tree = null;

        UnixFile.AsOrdinaryUser(() => tree = LocalTree.Read(_folder.Path, LocalTree.List));

        UnixFile.SetMode(_folder.Combine("closed"), "0700");
        Assert.Equal(["a.txt", "b/one.txt", "z/three.txt"], tree!.Files.Select(file => file.Name));
        var fault = Assert.Single(tree.Faults);
        Assert.Equal((_folder.Combine("closed"), P2PShare.Protocol.ErrorCode.PathUnreadable), (fault.Target, fault.Fault.Code));
    }

    [Fact]
    public void A_folder_that_is_too_deep_is_a_fault()
    {
        var deep = Path.Combine([_folder.Path, .. Enumerable.Repeat("d", 129)]);
        Directory.CreateDirectory(deep);
        File.WriteAllText(Path.Combine(deep, "deep.txt"), "");
        Make("a.txt");

        var tree = LocalTree.Read(_folder.Path, TimeProvider.System);

        Assert.Equal("a.txt", Assert.Single(tree.Files).Name);
        Assert.Equal(deep, Assert.Single(tree.Faults).Target);
    }

    [Fact]
    public void After_as_many_files_as_are_wanted_no_other_folder_is_listed()
    {
        Make("a/1.txt", "a/2.txt", "b/3.txt", "b/4.txt");

        Assert.Equal(2, LocalTree.Read(_folder.Path, TimeProvider.System, most: 2).Files.Count);
        Assert.Equal(4, LocalTree.Read(_folder.Path, TimeProvider.System, most: 3).Files.Count);
    }

    [Fact]
    public void Listing_ends_when_it_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var listed = 0;

        Assert.Throws<OperationCanceledException>(() => LocalTree.Read(
            _folder.Path,
            (_, _) =>
            {
                listed++;
                stop.Cancel();
                return [("sub", P2PShare.Transfer.Storage.FileKind.Folder)];
            },
            cancellationToken: stop.Token));
        Assert.Equal(1, listed);
    }

    [LinuxFact]
    public void A_FIFO_is_listed_and_not_opened()
    {
        Make("a.txt");
        UnixFile.MakeFifo(_folder.Combine("pipe"));

        Assert.Equal(["a.txt", "pipe"], Names());
    }

    [LinuxFact]
    public void A_deletion_does_not_follow_a_link_that_took_the_place_of_a_folder()
    {
        using var elsewhere = new TemporaryFolder();
        elsewhere.Write("b.txt", "kept");
        Make("keep/b.txt");
        Directory.Move(_folder.Combine("keep"), _folder.Combine("moved"));
        Directory.CreateSymbolicLink(_folder.Combine("keep"), elsewhere.Path);

        Assert.Throws<P2PShare.Protocol.P2PShareException>(() => LocalTree.Delete(_folder.Path, _folder.Combine("keep", "b.txt")));

        Assert.True(File.Exists(elsewhere.Combine("b.txt")));
    }

    private IEnumerable<string> Names() => LocalTree.Read(_folder.Path, TimeProvider.System).Files.Select(file => file.Name);

    private void Make(params string[] names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.Combine(name))!);
            File.WriteAllText(_folder.Combine(name), name);
        }
    }
}
