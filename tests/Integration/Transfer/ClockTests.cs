using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;

namespace P2PShare.Integration.Transfer;

/// <summary>
/// Clocks that are wrong, or are put right while something runs. Only one thing hangs on the time of day: whether a ticket
/// has expired, which the tracker's clock says when it is made and the source's when it is shown. Whatever they say, the
/// file is right or the error names the ticket; time-outs and rates go by a clock that nobody can move.
/// </summary>
public sealed class ClockTests : IAsyncLifetime
{
    // Long enough for a source to look at its tickets, which it does every five seconds.
    private const int SixSeconds = 500_000;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(3_000_000);
    private readonly ShiftedClock _trackerClock = new();
    private readonly ShiftedClock _sourceClock = new();
    private TestTracker _tracker = null!;
    private TestPeer _alice = null!;
    private TestPeer _bob = null!;
    private FileResponse _file = null!;

    public async Task InitializeAsync()
    {
        _tracker = await TestTracker.StartAsync(clock: _trackerClock);
        _alice = await TestPeer.StartAsync(_tracker, "alice", null, new PeerServerOptions { Clock = _sourceClock });
        _bob = await TestPeer.StartAsync(_tracker, "bob", _alice, new PeerServerOptions { SourceTimeout = TimeSpan.FromSeconds(3) });
        _file = await _alice.ShareAsync("data.bin", _content);
    }

    public async Task DisposeAsync()
    {
        await _bob.DisposeAsync();
        await _alice.DisposeAsync();
        await _tracker.DisposeAsync();
    }

    [Fact]
    public async Task A_source_whose_clock_goes_back_refuses_nobody()
    {
        var download = await StartAsync();
        _sourceClock.Shift = -TimeSpan.FromDays(1);

        await AssertReceivedAsync(download);
    }

    [Fact]
    public async Task A_source_whose_clock_goes_ahead_takes_tickets_for_expired_until_it_is_put_right()
    {
        var download = await StartAsync();
        _sourceClock.Shift = Hour;

        await AssertTicketRefusedAsync(download);

        _sourceClock.Shift = TimeSpan.Zero;
        _alice.Server.UploadLimit = null;
        download.Resume();
        await AssertReceivedAsync(download);
        Assert.Equal(_content.Length, _bob.Server.GetStatus().BytesDownloaded);
    }

    [Fact]
    public async Task A_tracker_whose_clock_goes_ahead_ends_no_transfer()
    {
        var download = await StartAsync();
        _trackerClock.Shift = Hour;

        await AssertReceivedAsync(download);
    }

    [Fact]
    public async Task A_tracker_whose_clock_is_behind_makes_tickets_that_no_source_takes()
    {
        _trackerClock.Shift = -Hour;

        await AssertTicketRefusedAsync(_bob.Receive(_file));
    }

    [Fact]
    public async Task A_tracker_and_a_source_that_are_wrong_alike_understand_each_other()
    {
        _trackerClock.Shift = _sourceClock.Shift = -Hour;

        await AssertReceivedAsync(_bob.Receive(_file));
    }

    [Theory]
    [InlineData(1971)]
    [InlineData(2170)]
    public async Task A_file_of_any_year_can_be_shared_and_a_part_of_any_year_gone_on_from(int year)
    {
        var time = new DateTime(year, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var path = _alice.MakeFile("dated.bin", RandomNumberGenerator.GetBytes(_content.Length));
        File.SetLastWriteTimeUtc(path, time);
        var hashed = await FileHasher.HashAsync(path, null, CancellationToken.None);
        _file = await _alice.Server.Shares.ShareAsync(hashed, TestPeer.Group, "dated.bin", replace: false, CancellationToken.None);

        var download = await StartAsync();
        await download.StopAsync();
        File.SetLastWriteTimeUtc(_bob.DestinationOf("dated.bin.p2ppart"), time);
        _alice.Server.UploadLimit = null;
        download.Resume();

        await download.Completion.WaitAsync(Limit);
        Assert.Equal(await File.ReadAllBytesAsync(path), await File.ReadAllBytesAsync(_bob.DestinationOf("dated.bin")));
        Assert.Equal(_content.Length, _bob.Server.GetStatus().BytesDownloaded);
    }

    private async Task<Download> StartAsync()
    {
        _alice.Server.UploadLimit = SixSeconds;
        var download = _bob.Receive(_file);
        await Eventually.HoldsAsync(() => download.Progress.BytesVerified > 100_000, "bytes came");
        return download;
    }

    private async Task AssertReceivedAsync(Download download)
    {
        await download.Completion.WaitAsync(Limit);
        Assert.Equal(_content, await File.ReadAllBytesAsync(_bob.DestinationOf("data.bin")));
    }

    private static async Task AssertTicketRefusedAsync(Download download) =>
        Assert.Contains("refused the ticket", (await AssertNoSourceAsync(download)).Message, StringComparison.Ordinal);

    private static async Task<P2PShareException> AssertNoSourceAsync(Download download)
    {
        var error = await Assert.ThrowsAsync<P2PShareException>(() => download.Completion.WaitAsync(Limit));
        Assert.Equal(ErrorCode.NoSourceOnline, error.Code);
        Assert.False(File.Exists(download.Request.Destination));
        return error;
    }
}
