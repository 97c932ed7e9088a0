using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Unit.Transfer.Syncing;

public sealed class FileComparerTests : IDisposable
{
    private static readonly ContentDescription Wanted = new(3, 65536, Hash256.Compute([1]));

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.Combine("file");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_is_not_there_is_missing()
    {
        Assert.Equal(FileComparison.Missing, FileComparer.Compare(FilePath, Wanted));
        Assert.Equal(FileComparison.Missing, InPlace(Wanted));
    }

    [Fact]
    public void A_file_of_another_size_is_different()
    {
        File.WriteAllText(FilePath, "four");

        Assert.Equal(FileComparison.Different, FileComparer.Compare(FilePath, Wanted));
        Assert.Equal(FileComparison.Different, InPlace(Wanted));
    }

    [Fact]
    public void Of_a_file_of_the_same_size_only_the_root_can_tell()
    {
        File.WriteAllText(FilePath, "two");

        Assert.Equal(FileComparison.Unknown, FileComparer.Compare(FilePath, Wanted));
        Assert.Equal(FileComparison.Unknown, InPlace(Wanted));
        Assert.Equal(FileComparison.Unknown, InPlace(Wanted, known: Wanted with { PiecesRoot = Hash256.Compute([2]) }));
    }

    [Fact]
    public void An_unchanged_file_with_the_same_root_is_equal_without_being_read()
    {
        File.WriteAllText(FilePath, "two");

        Assert.Equal(FileComparison.Equal, InPlace(Wanted, known: Wanted));
    }

    [Fact]
    public void Two_empty_files_are_equal()
    {
        File.WriteAllText(FilePath, "");

        Assert.Equal(FileComparison.Equal, InPlace(new ContentDescription(0, 65536, null)));
    }

    [Fact]
    public void A_link_is_different_even_if_its_target_is_the_same()
    {
        File.WriteAllText(_folder.Combine("target"), "two");
        File.CreateSymbolicLink(FilePath, _folder.Combine("target"));

        Assert.Equal(FileComparison.Different, InPlace(Wanted, known: Wanted));
    }

    [Fact]
    public void A_folder_in_the_place_of_a_file_blocks_it_and_a_link_to_a_folder_does_not()
    {
        Directory.CreateDirectory(FilePath);
        Assert.Equal(FileComparison.BlockedByFolder, InPlace(Wanted));

        Directory.Move(FilePath, _folder.Combine("moved"));
        Directory.CreateSymbolicLink(FilePath, _folder.Combine("moved"));
        Assert.Equal(FileComparison.Different, InPlace(Wanted));
    }

    [Fact]
    public void Contents_are_the_same_if_size_and_root_are()
    {
        Assert.True(FileComparer.IsSame(Wanted, Wanted with { PieceLength = 131072 }));
        Assert.False(FileComparer.IsSame(Wanted, Wanted with { Size = 4 }));
        Assert.False(FileComparer.IsSame(Wanted, Wanted with { PiecesRoot = Hash256.Compute([2]) }));
    }

    private FileComparison InPlace(ContentDescription wanted, ContentDescription? known = null) =>
        FileComparer.CompareInPlace(FilePath, wanted, path => path == FilePath ? known : null);
}
