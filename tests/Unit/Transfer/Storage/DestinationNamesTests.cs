using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Storage;

public sealed class DestinationNamesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_second_of_two_names_is_refused_in_a_folder_that_folds_case()
    {
        var names = new DestinationNames(_folder.Path, _ => true);

        Assert.Equal(_folder.Combine("docs", "Readme.md"), names.Take("docs/Readme.md"));
        var error = Assert.Throws<P2PShareException>(() => names.Take("docs/README.md"));

        Assert.Equal(ErrorCode.DestinationInvalid, error.Code);
        Assert.All(["'docs/README.md'", "'docs/Readme.md'", _folder.Path], text => Assert.Contains(text, error.Message, StringComparison.Ordinal));
        // The same name again is the same file.
        names.Take("docs/Readme.md");
        names.Take("docs/other.md");
    }

    [Fact]
    public void A_file_that_is_there_may_be_the_other_of_two_names()
    {
        _folder.WriteRandom("Readme.md", 1);
        var names = new DestinationNames(_folder.Path, _ => true);

        Assert.Equal(ErrorCode.DestinationInvalid, Assert.Throws<P2PShareException>(() => names.Take("README.md", hasTwin: true)).Code);
        names.Take("Readme.md", hasTwin: true);
        // Without another name in the group it is an older state of the same file.
        new DestinationNames(_folder.Path, _ => true).Take("README.md");
    }

    [Fact]
    public void Both_are_received_where_the_folder_distinguishes_them()
    {
        _folder.WriteRandom("Readme.md", 1);
        var names = new DestinationNames(_folder.Path, _ => false);
        Assert.NotEqual(names.Take("Readme.md", hasTwin: true), names.Take("README.md", hasTwin: true));
    }

    [Fact]
    public void The_folder_itself_is_tried_and_left_as_it_was()
    {
        File.WriteAllText(_folder.Combine("a"), "");
        var folds = File.Exists(_folder.Combine("A"));
        var names = new DestinationNames(_folder.Combine("new", "folder"));

        names.Take("x");
        Assert.Equal(folds, Record.Exception(() => names.Take("X")) is P2PShareException);

        Assert.Equal([_folder.Combine("a")], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Each_folder_of_names_is_checked_for_a_link_and_each_name_by_itself()
    {
        Directory.CreateDirectory(_folder.Combine("real"));
        Directory.CreateSymbolicLink(_folder.Combine("link"), _folder.Combine("real"));
        var names = new DestinationNames(_folder.Path, _ => false);

        Assert.Equal([_folder.Combine("real", "a"), _folder.Combine("real", "b")], [names.Take("real/a"), names.Take("real/b")]);
        Assert.Equal(ErrorCode.DestinationInvalid, Assert.Throws<P2PShareException>(() => names.Take("link/a")).Code);
        // One that failed is not remembered as right.
        Assert.Equal(ErrorCode.DestinationInvalid, Assert.Throws<P2PShareException>(() => names.Take("link/b")).Code);
        Assert.Equal(ErrorCode.InvalidFileName, Assert.Throws<P2PShareException>(() => names.Take("real/..")).Code);
        Assert.Equal(_folder.Combine("c"), names.Take("c"));
        Assert.Equal(ErrorCode.InvalidFileName, Assert.Throws<P2PShareException>(() => names.Take("/d")).Code);
    }
}
