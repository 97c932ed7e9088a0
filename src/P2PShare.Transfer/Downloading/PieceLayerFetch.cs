using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>Fetches the piece layer from one source at a time, so that a wrong one names its sender. Safe for concurrent use.</summary>
internal sealed class PieceLayerFetch(ContentDescription content, TimeProvider clock)
{
    // Times that a peer is asked and does not send the layer, over all its connections: one that loses its connection may be as unlucky as honest, and one
    // that does it on purpose would keep its receiver waiting for ever.
    private const int MaxFailures = 5;

    private readonly Lock _lock = new();
    private readonly Dictionary<Hash256, int> _failures = [];
    private readonly HashSet<DownloadSource> _refused = [];
    private DownloadSource? _from;
    private bool _isRight;
    private int _missing;
    private long _answeredAt;

    public enum Result
    {
        Unfinished,
        Right,
        Wrong,
    }

    /// <summary>One hash a piece; complete once <see cref="Receive"/> has returned <see cref="Result.Right"/>.</summary>
    public Hash256[] Hashes { get; } = new Hash256[content.PieceCount];

    /// <summary>Takes a source unless another one is being asked.</summary>
    /// <param name="ranges">What to request from it.</param>
    public bool TryStart(DownloadSource source, out HashRange[] ranges)
    {
        lock (_lock)
        {
            ranges = [];
            if (_isRight || _from is not null || source.IsLost || source.Has is null || source.Has.Count == 0 || IsRefused(source))
            {
                return false;
            }

            _from = source;
            _missing = content.PieceCount;
            _answeredAt = clock.GetTimestamp();
            ranges =
            [
                .. Enumerable.Range(0, (content.PieceCount + Frame.MaxHashes - 1) / Frame.MaxHashes).Select(i => new HashRange(
                    source.Peer.ChannelId, i * Frame.MaxHashes, Math.Min(Frame.MaxHashes, content.PieceCount - i * Frame.MaxHashes))),
            ];
            return true;
        }
    }

    /// <summary>Keeps hashes that arrived, and checks the layer when it is whole.</summary>
    /// <exception cref="WireException">They were not requested.</exception>
    public Result Receive(DownloadSource source, HashRange range, Hash256[] hashes)
    {
        lock (_lock)
        {
            if (_from != source)
            {
                return Result.Unfinished;
            }

            if (range.Index % Frame.MaxHashes != 0 || range.Index + range.Count > content.PieceCount || range.Count > _missing)
            {
                throw new WireException("Hashes arrived that were not requested.");
            }

            hashes.CopyTo(Hashes, range.Index);
            _missing -= range.Count;
            _answeredAt = clock.GetTimestamp();
            if (_missing > 0)
            {
                return Result.Unfinished;
            }

            if (HashTree.IsLayerOf(content.PiecesRoot!.Value, Hashes, content.PieceLength))
            {
                _isRight = true;
                return Result.Right;
            }

            _from = null;
            _refused.Add(source);
            return Result.Wrong;
        }
    }

    /// <summary>Records that the source does not have the piece layer: another one is asked.</summary>
    public void Reject(DownloadSource source)
    {
        lock (_lock)
        {
            _refused.Add(source);
            End(source);
        }
    }

    /// <summary>Whether the source may still send the piece layer; without the layer its pieces cannot be verified.</summary>
    public bool CanAsk(DownloadSource source)
    {
        lock (_lock)
        {
            return !IsRefused(source);
        }
    }

    /// <summary>Whether the source is being asked and has not answered for that long.</summary>
    public bool IsStalled(DownloadSource source, TimeSpan timeout)
    {
        lock (_lock)
        {
            return _from == source && _missing > 0 && clock.GetElapsedTime(_answeredAt) > timeout;
        }
    }

    /// <summary>Records that the source is lost: another one is asked. A peer that was asked often enough is not asked again.</summary>
    public void Lose(DownloadSource source)
    {
        lock (_lock)
        {
            End(source);
        }
    }

    private bool IsRefused(DownloadSource source) => _refused.Contains(source) || _failures.GetValueOrDefault(source.Fingerprint) >= MaxFailures;

    private void End(DownloadSource source)
    {
        if (_from == source && !_isRight)
        {
            _failures[source.Fingerprint] = _failures.GetValueOrDefault(source.Fingerprint) + 1;
        }

        _from = _from == source ? null : _from;
    }
}
