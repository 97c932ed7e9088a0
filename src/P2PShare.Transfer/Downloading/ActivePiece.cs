using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Hashing;

namespace P2PShare.Transfer.Downloading;

/// <summary>A piece that is being fetched: the bytes received so far, the hashes of their blocks, and its requests.</summary>
internal sealed class ActivePiece : IDisposable
{
    private readonly Hash256[] _leaves;
    private byte[]? _buffer;

    /// <param name="requestLength">Bytes in one request: a multiple of the block, at most the piece length.</param>
    /// <param name="plan">Which of its blocks are requested; null: all.</param>
    public ActivePiece(ContentDescription content, int index, int requestLength, PiecePlan? plan = null)
    {
        Plan = plan;
        Index = index;
        Length = content.PieceSize(index);
        RequestLength = requestLength;
        _buffer = ArrayPool<byte>.Shared.Rent(Length);
        _leaves = new Hash256[(Length + PieceLength.Block - 1) / PieceLength.Block];
        if (plan is not null)
        {
            Requests = [.. plan.GetRequests(requestLength).Select(range => new BlockRequest(this, range.Begin, range.Length))];
            return;
        }

        Requests = new BlockRequest[(Length + requestLength - 1) / requestLength];
        for (var i = 0; i < Requests.Length; i++)
        {
            Requests[i] = new BlockRequest(this, i * requestLength, Math.Min(requestLength, Length - i * requestLength));
        }
    }

    public int Index { get; }

    /// <summary>How the blocks that are not requested are made; null if all are requested.</summary>
    public PiecePlan? Plan { get; }

    /// <summary>In bytes.</summary>
    public int Length { get; }

    /// <summary>Bytes in each request but the last; the most if only some blocks are requested.</summary>
    public int RequestLength { get; }

    /// <summary>Its requests in the order of their offsets.</summary>
    public BlockRequest[] Requests { get; }

    /// <summary>The source that fetches it; null when that source was lost.</summary>
    public DownloadSource? Owner { get; set; }

    /// <summary>Set after several senders gave a wrong piece: one source alone fetches it, so that a second failure names that source.</summary>
    public bool IsExclusive { get; init; }

    public ReadOnlySpan<byte> Data => _buffer.AsSpan(0, Length);

    /// <summary>One hash a block; zero for a block that has not arrived.</summary>
    public ReadOnlySpan<Hash256> Leaves => _leaves;

    public bool IsReceived => Array.TrueForAll(Requests, static request => request.State == BlockRequestState.Received);

    public bool IsReceiving => Array.Exists(Requests, static request => request.State == BlockRequestState.Receiving);

    public bool IsMissing => Array.TrueForAll(Requests, static request => request.State == BlockRequestState.Missing);

    public Memory<byte> GetBuffer(int begin, int length) => _buffer.AsMemory(begin, length);

    /// <summary>Finds the request with that offset and length; null when no request has them.</summary>
    public BlockRequest? Find(int begin, int length)
    {
        if (Plan is not null)
        {
            return Array.Find(Requests, request => request.Begin == begin && request.Length == length);
        }

        var index = begin / RequestLength;
        return begin % RequestLength == 0 && index < Requests.Length && Requests[index].Length == length ? Requests[index] : null;
    }

    /// <summary>Finds the first request that has to be sent; null when all were.</summary>
    public BlockRequest? FindMissing()
    {
        foreach (var request in Requests)
        {
            if (request.State == BlockRequestState.Missing)
            {
                return request;
            }
        }

        return null;
    }

    /// <summary>Makes and hashes the blocks that were not requested.</summary>
    /// <returns>False if they cannot be made any more.</returns>
    public bool TryFill() => Plan?.TryFill(_buffer.AsSpan(0, Length), _leaves) ?? true;

    public void HashBlocks(int begin, int length) =>
        HashTree.HashBlocks(_buffer.AsSpan(begin, length), _leaves.AsSpan(begin / PieceLength.Block));

    /// <summary>Computes the piece's hash from the hashes of its blocks, which <see cref="HashBlocks"/> made.</summary>
    public Hash256 ComputeHash(ContentDescription content)
    {
        Span<Hash256> leaves = [.. _leaves];
        return content.PieceCount == 1 ? HashTree.Root(leaves) : HashTree.PieceHash(leaves, content.PieceLength);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _buffer, null) is { } buffer)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
