using System.Diagnostics;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Diagnostics;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>Fetches the piece layer from one source at a time, so that a wrong one names who sent it.</summary>
internal sealed class PieceLayerFetch(ContentDescription content)
{
    private readonly Lock _lock = new();
    private readonly HashSet<DownloadSource> _refused = [];
    private DownloadSource? _from;
    private int _missing;
    private long _answered;

    public enum Result
    {
        Unfinished,
        Right,
        Wrong,
    }

    /// <summary>One hash a piece, once it was <see cref="Result.Right"/>.</summary>
    public Hash256[] Hashes { get; } = new Hash256[content.PieceCount];

    /// <summary>Chooses a source where none is being asked.</summary>
    /// <param name="ranges">What to ask of it.</param>
    public bool TryStart(DownloadSource source, out HashRange[] ranges)
    {
        lock (_lock)
        {
            ranges = [];
            if (_from is not null || source.IsLost || source.Has is null || source.Has.Count == 0 || _refused.Contains(source))
            {
                return false;
            }

            _from = source;
            _missing = content.PieceCount;
            _answered = DownloadTimings.Now;
            ranges =
            [
                .. Enumerable.Range(0, (content.PieceCount + Frame.MaxHashes - 1) / Frame.MaxHashes).Select(i => new HashRange(
                    source.Channel.Id, i * Frame.MaxHashes, Math.Min(Frame.MaxHashes, content.PieceCount - i * Frame.MaxHashes))),
            ];
            return true;
        }
    }

    /// <exception cref="WireException">They were not asked for.</exception>
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
                throw new WireException("Hashes came that were not asked for.");
            }

            hashes.CopyTo(Hashes, range.Index);
            _missing -= range.Count;
            _answered = DownloadTimings.Now;
            if (_missing > 0)
            {
                return Result.Unfinished;
            }

            if (HashTree.IsLayerOf(content.PiecesRoot!.Value, Hashes, content.PieceLength))
            {
                return Result.Right;
            }

            _from = null;
            _refused.Add(source);
            return Result.Wrong;
        }
    }

    /// <summary>The source has no piece layer to give; another is asked.</summary>
    public void Rejected(DownloadSource source)
    {
        lock (_lock)
        {
            _refused.Add(source);
            _from = _from == source ? null : _from;
        }
    }

    /// <summary>Whether the source may still give the piece layer, without which its pieces are of no use.</summary>
    public bool MayGive(DownloadSource source)
    {
        lock (_lock)
        {
            return !_refused.Contains(source);
        }
    }

    /// <summary>Whether the source was asked and has not answered for this long.</summary>
    public bool IsStalled(DownloadSource source, TimeSpan timeout)
    {
        lock (_lock)
        {
            return _from == source && _missing > 0 && Stopwatch.GetElapsedTime(_answered) > timeout;
        }
    }

    public void Lost(DownloadSource source)
    {
        lock (_lock)
        {
            _from = _from == source ? null : _from;
        }
    }
}
