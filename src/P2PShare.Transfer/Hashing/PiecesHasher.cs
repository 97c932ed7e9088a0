using P2PShare.Protocol;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Hashing;

/// <summary>Computes piece layer and pieces root of a stream of bytes that arrive in order, in spans of any length.</summary>
public sealed class PiecesHasher
{
    private readonly int _pieceLength;
    private readonly List<Hash256> _pieceLayer = [];
    private readonly Hash256[] _leaves;
    private readonly byte[] _partial = new byte[PieceLength.Block];
    private int _leafCount;
    private int _partialLength;
    private long _size;

    /// <param name="pieceLength">A valid piece length in bytes.</param>
    public PiecesHasher(int pieceLength)
    {
        if (!PieceLength.IsValid(pieceLength))
        {
            throw new ArgumentOutOfRangeException(nameof(pieceLength), pieceLength, "Not a piece length of BEP 52.");
        }

        _pieceLength = pieceLength;
        _leaves = new Hash256[pieceLength / PieceLength.Block];
    }

    public void Append(ReadOnlySpan<byte> data)
    {
        _size += data.Length;
        if (_partialLength > 0)
        {
            var taken = Math.Min(data.Length, _partial.Length - _partialLength);
            data[..taken].CopyTo(_partial.AsSpan(_partialLength));
            _partialLength += taken;
            data = data[taken..];
            if (_partialLength < _partial.Length)
            {
                return;
            }

            AddBlock(_partial);
            _partialLength = 0;
        }

        for (; data.Length >= PieceLength.Block; data = data[PieceLength.Block..])
        {
            AddBlock(data[..PieceLength.Block]);
        }

        data.CopyTo(_partial);
        _partialLength = data.Length;
    }

    /// <summary>Ends the stream; the hasher is not used after it.</summary>
    /// <returns>The content, and its piece layer, empty where the content has one piece or none (BEP 52).</returns>
    public (ContentDescription Content, Hash256[] PieceLayer) Finish()
    {
        if (_partialLength > 0)
        {
            AddBlock(_partial.AsSpan(0, _partialLength));
        }

        if (_size == 0)
        {
            return (new ContentDescription(0, _pieceLength, null), []);
        }

        if (_size <= _pieceLength)
        {
            // Its root stands at the height of its own blocks, not at that of a full piece.
            var only = _pieceLayer.Count == 1 ? _pieceLayer[0] : HashTree.Root(_leaves.AsSpan(0, _leafCount));
            return (new ContentDescription(_size, _pieceLength, only), []);
        }

        if (_leafCount > 0)
        {
            _pieceLayer.Add(HashTree.PieceHash(_leaves.AsSpan(0, _leafCount), _pieceLength));
        }

        Hash256[] layer = [.. _pieceLayer];
        var root = HashTree.Root(layer.AsSpan().ToArray(), HashTree.Height(_pieceLength));
        return (new ContentDescription(_size, _pieceLength, root), layer);
    }

    private void AddBlock(ReadOnlySpan<byte> block)
    {
        HashTree.HashBlocks(block, _leaves.AsSpan(_leafCount));
        if (++_leafCount == _leaves.Length)
        {
            _pieceLayer.Add(HashTree.PieceHash(_leaves, _pieceLength));
            _leafCount = 0;
        }
    }
}
