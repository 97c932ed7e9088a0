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
        Assert.All(LocalTree.Enumerate(_folder.Path), file => Assert.True(File.Exists(file.Path)));
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
    public void A_folder_that_does_not_exist_has_no_files() => Assert.Empty(LocalTree.Enumerate(_folder.Combine("nowhere")));

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

    private IEnumerable<string> Names() => LocalTree.Enumerate(_folder.Path).Select(file => file.Name);

    private void Make(params string[] names)
    {
        foreach (var name in names)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_folder.Combine(name))!);
            File.WriteAllText(_folder.Combine(name), name);
        }
    }
}
