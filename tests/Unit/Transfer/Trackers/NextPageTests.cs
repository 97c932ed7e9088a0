using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Trackers;

public sealed class NextPageTests
{
    private const string Path = "/v2/groups/dev/files";

    [Theory]
    [InlineData("</v2/groups/dev/files?page-size=2&after=b%2Fc>; rel=\"next\"", "/v2/groups/dev/files?page-size=2&after=b%2Fc")]
    [InlineData("</v2/groups/dev/files?a=1>;rel=next", "/v2/groups/dev/files?a=1")]
    [InlineData("</other>; rel=\"prev\", </v2/groups/dev/files?a=1>; rel=\"next\"", "/v2/groups/dev/files?a=1")]
    [InlineData("</other>; rel=\"first\"", null)]
    [InlineData("nonsense", null)]
    public void The_link_of_the_relation_next_is_found(string link, string? expected)
    {
        Assert.True(NextPage.TryFind([link], Path, out var next));
        Assert.Equal(expected, next);
    }

    [Theory]
    [InlineData("<https://other.example/v2/groups/dev/files?a=1>; rel=\"next\"")]
    [InlineData("<//other.example/v2/groups/dev/files?a=1>; rel=\"next\"")]
    [InlineData("</v2/groups/other/files?a=1>; rel=\"next\"")]
    [InlineData("</v2/groups/dev/files>; rel=\"next\"")]
    [InlineData("</v2/groups/dev/files/../../../users/current?a=1>; rel=\"next\"")]
    public void A_link_that_leads_elsewhere_is_refused(string link) => Assert.False(NextPage.TryFind([link], Path, out _));
}
