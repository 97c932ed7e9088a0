using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Storage;

namespace P2PShare.Unit.Transfer.Downloading;

public sealed class ReuseCandidatesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_file_that_is_replaced_is_first_then_what_was_named_then_the_like_of_the_group()
    {
        var old = _folder.Write("image.vhdx", "old");
        var request = Request(overwrite: true) with { ReuseFrom = [new("/a/notes.txt", "/a"), new("/a/other.vhdx", "/a"), new("/a/sub/image.vhdx", "/a"), new("/a/other.vhdx", "/a")] };

        var found = ReuseCandidates.Find(request, ["/b/readme.md", "/b/x.VHDX", old, "/b/image.vhdx"]);

        Assert.Equal([old, "/a/sub/image.vhdx", "/a/other.vhdx", "/a/notes.txt", "/b/image.vhdx", "/b/x.VHDX"], found.Select(file => file.Path));
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

    private DownloadRequest Request(bool overwrite) =>
        new(TestIds.Group("builds"), "image.vhdx", new ContentDescription(1, PieceLength.Min, null), _folder.Combine("image.vhdx"), overwrite);
}
