namespace P2PShare.Transfer.Downloading;

/// <summary>
/// Passes on which pieces have come: at once where nothing was passed on for a while, else together with the next ones.
/// On a slow link a message for each piece and peer is one byte in a hundred. Safe for concurrent use.
/// </summary>
/// <param name="send">Gets at least one piece; called by one thread at a time.</param>
internal sealed class HaveCoalescer(Action<int[]> send)
{
    // Short beside the time that a piece takes on a link slow enough for it to matter.
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly List<int> _pieces = [];
    private long _sent = Environment.TickCount64 - (long)Interval.TotalMilliseconds;
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
            var early = _sent + (long)Interval.TotalMilliseconds - Environment.TickCount64;
            if (early > 0)
            {
                await Task.Delay((int)early).ConfigureAwait(false);
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

            _sent = Environment.TickCount64;
            send(pieces);
        }
    }
}
