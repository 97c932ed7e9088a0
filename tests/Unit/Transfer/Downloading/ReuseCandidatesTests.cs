using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class ReuseCandidatesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_file_that_is_replaced_is_first_then_what_was_named_then_versions_of_the_group()
    {
        var old = _folder.Write("image.vhdx", "old");
        var request = Request(overwrite: true) with { ReuseFrom = [new("/a/notes.txt", "/a"), new("/a/other.vhdx", "/a"), new("/a/sub/image.vhdx", "/a"), new("/a/other.vhdx", "/a")] };

        var found = ReuseCandidates.Find(request, ["/b/readme.md", "/b/x.VHDX", "/b/Image-2.1.VHDX", old, "/b/image.vhdx"]);

        Assert.Equal([old, "/a/sub/image.vhdx", "/a/other.vhdx", "/a/notes.txt", "/b/image.vhdx", "/b/Image-2.1.VHDX"], found.Select(file => file.Path));
        Assert.Equal([_folder.Path, "/a", "/a", "/a", null, null], found.Select(file => file.Root));
    }

    [Fact]
    public void A_file_that_is_not_replaced_is_left_alone()
    {
        _folder.Write("image.vhdx", "old");

        Assert.Empty(ReuseCandidates.Find(Request(overwrite: false), []));
        File.Delete(_folder.Combine("image.vhdx"));
        Assert.Empty(ReuseCandidates.Find(Request(overwrite: true), []));
    }

    [Theory]
    [InlineData("image-2.tar", "image-1.tar", true)]
    [InlineData("image-2.tar", "Image_10.2 (3).tar", true)]
    [InlineData("image-2.tar", "image.tar", true)]
    [InlineData("image-2.tar", "image-1.zip", false)]
    [InlineData("image-2.tar", "photos-2.tar", false)]
    [InlineData("image-2.tar", "image-2.tar.gz", false)]
    [InlineData("2026", "2026", true)]
    [InlineData("2026", "2025", false)]
    public void Of_the_group_only_what_differs_by_its_version_is_searched(string wanted, string other, bool isSearched)
    {
        var request = Request(overwrite: false) with { Destination = _folder.Combine(wanted) };

        Assert.Equal(isSearched, ReuseCandidates.Find(request, [$"/b/{other}"]).Count == 1);
    }

    private DownloadRequest Request(bool overwrite) =>
        new(TestIds.Group("builds"), "image.vhdx", new ContentDescription(1, PieceLength.Min, null), _folder.Combine("image.vhdx"), overwrite);
}
