using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.Unit.TrackerHost;

public sealed class RecentFailuresTests
{
    private readonly FakeTimeProvider _clock = new();
    private readonly RecentFailures _failures;

    public RecentFailuresTests() => _failures = new RecentFailures(_clock);

    [Fact]
    public void Writes_that_fail_in_series_are_not_hidden_by_a_thousand_announces_and_reads_that_succeed()
    {
        Add(1000, "POST", TrackerRoutes.Peers, 200);
        Add(1000, "GET", TrackerRoutes.Groups, 200);
        Add(RecentFailures.Series - 1, "POST", TrackerRoutes.Groups, 500);
        Assert.False(_failures.IsSeries);

        Add(1, "POST", TrackerRoutes.Groups, 500);

        Assert.True(_failures.IsSeries);
    }

    [Fact]
    public void Failures_that_are_half_of_their_kind_or_have_another_status_are_no_series()
    {
        Add(50, "POST", TrackerRoutes.Groups, 500);
        Add(50, "POST", TrackerRoutes.Groups, 503);

        Assert.False(_failures.IsSeries);
    }

    [Fact]
    public void A_series_counts_for_half_a_window_at_least_and_a_window_at_most()
    {
        Add(RecentFailures.Series, "GET", TrackerRoutes.Groups, 500);

        _clock.Advance((RecentFailures.Window / 2) - TimeSpan.FromSeconds(1));
        Assert.True(_failures.IsSeries);
        _clock.Advance((RecentFailures.Window / 2) + TimeSpan.FromSeconds(1));
        Assert.False(_failures.IsSeries);
    }

    private void Add(int count, string method, string path, int status)
    {
        var request = new DefaultHttpContext().Request;
        (request.Method, request.Path) = (method, path);
        for (var i = 0; i < count; i++)
        {
            _failures.AddResponse(request, status);
        }
    }
}
