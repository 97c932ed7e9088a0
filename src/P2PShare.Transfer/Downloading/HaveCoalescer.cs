namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Announces pieces that were verified: at once if nothing was announced for a while, else together with the next ones.
/// On a slow link a message for each piece and peer is one byte in a hundred. Safe for concurrent use.
/// </summary>
/// <param name="send">Gets at least one piece; called by one thread at a time.</param>
internal sealed class HaveCoalescer(Action<int[]> send, TimeProvider clock)
{
    // Short beside the time that a piece takes on a link slow enough for it to matter.
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly List<int> _pieces = [];
    private long? _sentAt;
    private bool _isSending;

    public void Add(int piece)
    {
        lock (_lock)
        {
            _pieces.Add(piece);
            if (_isSending)
            {
                return;
            }

            _isSending = true;
        }

        _ = SendAsync();
    }

    private async Task SendAsync()
    {
        while (true)
        {
            if (_sentAt is { } sentAt && Interval - clock.GetElapsedTime(sentAt) is var wait && wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, clock).ConfigureAwait(false);
            }

            int[] pieces;
            lock (_lock)
            {
                pieces = [.. _pieces];
                _pieces.Clear();
                if (pieces.Length == 0)
                {
                    _isSending = false;
                    return;
                }
            }

            _sentAt = clock.GetTimestamp();
            send(pieces);
        }
    }
}
