using P2PShare.TrackerHost.Http;

namespace P2PShare.Unit.TrackerHost;

/// <summary>When memory is given back.</summary>
public sealed class ConnectionSwingTests
{
    private readonly ConnectionSwing _swing = new();

    [Fact]
    public void It_is_once_when_a_herd_has_come_and_once_when_it_has_gone() =>
        Assert.Equal(
            [false, false, false, true, false, false, false, false, true, false],
            Observe(0, 5000, 12_000, 12_010, 12_000, 11_990, 3000, 10, 10, 0));

    [Fact]
    public void It_is_not_while_connections_come_and_go() =>
        Assert.DoesNotContain(true, Observe([.. Enumerable.Range(0, 100).Select(i => 500 * i)]));

    [Fact]
    public void It_is_not_for_few() => Assert.DoesNotContain(true, Observe(0, 999, 999, 999, 0, 0));

    [Fact]
    public void It_is_not_for_a_small_part_of_many() =>
        Assert.Equal([false, true, false, false, false, true], Observe(40_000, 40_000, 45_000, 45_000, 50_500, 50_500));

    private IEnumerable<bool> Observe(params int[] open) => [.. open.Select(_swing.Observe)];
}
