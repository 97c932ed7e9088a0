using FsCheck.Xunit;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Unit.Protocol;

public class TrackerRoutesTests
{
    [Fact]
    public void Are_the_templates_filled_in()
    {
        Assert.Equal(Fill(TrackerRoutes.GroupTemplate), TrackerRoutes.Group("g"));
        Assert.Equal(Fill(TrackerRoutes.JoinRequestsTemplate), TrackerRoutes.JoinRequests("g"));
        Assert.Equal(Fill(TrackerRoutes.JoinRequestTemplate), TrackerRoutes.JoinRequest("g", "u"));
        Assert.Equal(Fill(TrackerRoutes.ApprovalTemplate), TrackerRoutes.Approval("g", "u"));
        Assert.Equal(Fill(TrackerRoutes.GroupOwnerTemplate), TrackerRoutes.GroupOwner("g"));
        Assert.Equal(Fill(TrackerRoutes.MembersTemplate), TrackerRoutes.Members("g"));
        Assert.Equal(Fill(TrackerRoutes.MemberTemplate), TrackerRoutes.Member("g", "u"));
        Assert.Equal(Fill(TrackerRoutes.FilesTemplate), TrackerRoutes.Files("g"));
        Assert.Equal(Fill(TrackerRoutes.FileTemplate), TrackerRoutes.File("g", "n/m"));
        Assert.Equal(Fill(TrackerRoutes.SourcesTemplate), TrackerRoutes.Sources("g"));
        Assert.Equal(Fill(TrackerRoutes.PeerTemplate), TrackerRoutes.Peer(Hash256.Compute([1])));
    }

    [Theory]
    [InlineData("a b", "a%20b")]
    [InlineData("100%", "100%25")]
    [InlineData("%2e%2e/x", "%252e%252e/x")]
    [InlineData("a#b/c&d=e+f;g", "a%23b/c%26d%3De%2Bf%3Bg")]
    [InlineData("größe", "gr%C3%B6%C3%9Fe")]
    [InlineData("😀", "%F0%9F%98%80")]
    [InlineData("..a/b..c", "..a/b..c")]
    public void A_file_name_keeps_its_slashes_and_nothing_else(string name, string escaped)
    {
        FileName.Check(name);
        Assert.Equal("/v2/groups/g/files/" + escaped, TrackerRoutes.File("g", name));
    }

    [Theory]
    [InlineData("a/b?c#d")]
    [InlineData("a b%")]
    public void A_name_never_adds_a_segment_a_query_or_a_fragment(string name)
    {
        var uri = new Uri("https://t" + TrackerRoutes.JoinRequest(name, name));
        Assert.Equal(6, uri.Segments.Length);
        Assert.Empty(uri.Query + uri.Fragment);
    }

    [Property(MaxTest = 500)]
    public void A_valid_file_name_comes_back_from_its_path(char[] characters)
    {
        var name = new string(characters);
        if (FileName.FindProblem(name) is null)
        {
            var uri = new Uri("https://t" + TrackerRoutes.File("g", name));
            Assert.Equal(name, Uri.UnescapeDataString(uri.AbsolutePath["/v2/groups/g/files/".Length..]));
        }
    }

    private static string Fill(string template) => template
        .Replace("{group}", "g", StringComparison.Ordinal)
        .Replace("{user}", "u", StringComparison.Ordinal)
        .Replace("{**name}", "n/m", StringComparison.Ordinal)
        .Replace("{fingerprint}", Hash256.Compute([1]).ToString(), StringComparison.Ordinal);
}
