using System.Net.ServerSentEvents;
using System.Threading.Channels;
using P2PShare.Bench.Measuring;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker;

/// <summary>The streams of requests to dial that peers hold open, each over a connection of its own, as peers have one to their tracker.</summary>
internal sealed class DialStreams : IAsyncDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<bool>[] _received;
    private readonly Task[] _reading;

    private DialStreams(int count) => (_received, _reading) = ([.. Enumerable.Range(0, count).Select(_ => Channel.CreateUnbounded<bool>())], new Task[count]);

    /// <param name="open">Opens the stream of a peer.</param>
    /// <param name="concurrency">Opened at the same time.</param>
    public static async Task<DialStreams> OpenAsync(int count, Func<int, Task<HttpResponseMessage>> open, int concurrency, CancellationToken cancellationToken)
    {
        var streams = new DialStreams(count);
        await Load.EachAsync(
            count,
            concurrency,
            async peer =>
            {
                var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                streams._reading[peer] = streams.ReadAsync(peer, await open(peer), ready);
                await ready.Task.WaitAsync(Timeout, cancellationToken);
            },
            cancellationToken);
        return streams;
    }

    /// <summary>Waits for the next request to dial that a peer receives.</summary>
    public async Task ReceiveAsync(int peer)
    {
        using var timeout = new CancellationTokenSource(Timeout);
        try
        {
            await _received[peer].Reader.ReadAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            throw new BenchException($"A request to dial did not arrive within {Timeout.TotalSeconds} seconds.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_reading).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private async Task ReadAsync(int peer, HttpResponseMessage response, TaskCompletionSource ready)
    {
        using (response)
        {
            try
            {
                await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync(_ending.Token), (type, _) => type).EnumerateAsync(_ending.Token))
                {
                    if (item.Data == GroupEventItems.Ready)
                    {
                        ready.SetResult();
                    }
                    else if (item.Data == DialEvent.ItemType)
                    {
                        _received[peer].Writer.TryWrite(true);
                    }
                }

                ready.TrySetException(new BenchException("The tracker ended a stream of requests to dial."));
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                ready.TrySetException(new BenchException($"A stream of requests to dial was lost: {e.Message}"));
            }
        }
    }
}
