using System.Net;
using System.Threading.Channels;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Wire;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Unit.Transfer.Downloading;

/// <summary>A peer that answers in memory, one message after the other, on a task of its own.</summary>
internal sealed class SwarmPeer : ISource
{
    private readonly Channel<Action<IChannelListener>> _answers = Channel.CreateUnbounded<Action<IChannelListener>>();
    private readonly TestContent _content;
    private volatile IChannelListener? _listener;
    private readonly TaskCompletionSource _requested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _mapRequested = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _blocks;
    private int _lost;
    private int _treeRequests;

    public SwarmPeer(TestContent content, int number)
    {
        _content = content;
        ChannelId = (uint)number;
        Fingerprint = Hash256.Compute([(byte)number]);
        Has = content.All;
    }

    public Bitfield Has { get; init; }

    public TcpPath? Path => null;

    /// <summary>Whether its blocks are wrong.</summary>
    public bool SendsWrongBlocks { get; init; }

    public bool SendsWrongLayer { get; init; }

    public bool RejectsLayer { get; init; }

    public bool SendsWrongTrees { get; init; }

    public bool RejectsTrees { get; init; }

    /// <summary>Whether it answers no tree request.</summary>
    public bool SendsNoTrees { get; init; }

    /// <summary>Called before each answer to a tree request.</summary>
    public Action SendingTree { get; init; } = () => { };

    /// <summary>The chunk map that it sends; null: it rejects.</summary>
    public byte[]? Map { get; init; }

    /// <summary>Whether it answers no map request.</summary>
    public bool SendsNoMap { get; init; }

    /// <summary>Ends when the chunk map is requested.</summary>
    public Task MapRequested => _mapRequested.Task;

    public int TreeRequests => Volatile.Read(ref _treeRequests);

    public long BytesSent { get; private set; }

    public bool RejectsBlocks { get; init; }

    /// <summary>Whether it sends its bitfield and nothing more.</summary>
    public bool IsSilent { get; init; }

    /// <summary>Whether it sends its bitfield and the piece layer, and nothing more.</summary>
    public bool SendsNoBlocks { get; init; }

    /// <summary>Blocks after which its connection breaks, in the middle of the next one; null: never.</summary>
    public int? BreaksAfter { get; init; }

    /// <summary>Blocks after which it sends none any more; null: never.</summary>
    public int? SilentAfter { get; init; }

    /// <summary>Called before each block is sent.</summary>
    public Action SendingBlock { get; init; } = () => { };

    public int Requests { get; private set; }

    /// <summary>Ends when the first block is requested.</summary>
    public Task Requested => _requested.Task;

    public CloseReason? ClosedFor { get; private set; }

    public uint ChannelId { get; }

    public Hash256 Fingerprint { get; }

    public IPEndPoint RemoteEndPoint => new(IPAddress.Loopback, (int)ChannelId);

    public Bitfield? RemoteHas => Has;

    public bool IsOpenedHere => true;

    public bool IsDialled => true;

    public bool IsBulk { get; init; }

    public bool IsDuplicate => false;

    public bool IsClosed => Volatile.Read(ref _lost) == 1;

    public CloseReason? RemoteReason => null;

    public TimeSpan PieceIdle => TimeSpan.MaxValue;

    public Bitfield? Listen(IChannelListener listener)
    {
        _listener = listener;
        _answers.Writer.TryWrite(to => to.ReceiveBitfield(Has.Clone()));
        _ = AnswerAsync();
        return null;
    }

    public void StopListening() => _listener = null;

    public void Renew(SourceLocator.Sources found)
    {
        // It trusts everyone.
    }

    public void Request(BlockRange range)
    {
        Requests++;
        _requested.TrySetResult();
        if (!IsSilent && !SendsNoBlocks)
        {
            _answers.Writer.TryWrite(to => SendBlock(to, range));
        }
    }

    public void Cancel(BlockRange range)
    {
        // It is sent nevertheless, as when a cancel comes too late.
    }

    public void RequestHashes(HashRange range)
    {
        if (IsSilent)
        {
            return;
        }

        _answers.Writer.TryWrite(to =>
        {
            if (RejectsLayer)
            {
                to.RejectHashes();
                return;
            }

            var hashes = _content.Layer.AsSpan(range.Index, range.Count).ToArray();
            hashes[0] = SendsWrongLayer ? default : hashes[0];
            to.ReceiveHashes(range, hashes);
        });
    }

    public void RequestTree(TreeRange range)
    {
        Interlocked.Increment(ref _treeRequests);
        if (IsSilent || SendsNoTrees)
        {
            return;
        }

        _answers.Writer.TryWrite(to =>
        {
            SendingTree();
            if (RejectsTrees)
            {
                to.RejectTree(range);
                return;
            }

            var piece = PieceTree.FindPiece(_content.Description, range.Height, range.Index, range.Count)!.Value;
            var first = range.Index - PieceTree.FirstNode(_content.Description, piece, range.Height);
            var hashes = _content.TreeOf(piece).Layer(range.Height).Slice(first, range.Count).ToArray();
            hashes[^1] = SendsWrongTrees ? Hash256.Compute([0]) : hashes[^1];
            to.ReceiveTree(range, hashes);
        });
    }

    public void RequestMap(MapRange range)
    {
        _mapRequested.TrySetResult();
        if (IsSilent || SendsNoMap)
        {
            return;
        }

        _answers.Writer.TryWrite(to =>
        {
            if (Map is null || range.Offset >= Map.Length)
            {
                to.RejectMap();
            }
            else
            {
                var part = Map.AsSpan(range.Offset, Math.Min(range.Count, Map.Length - range.Offset));
                to.ReceiveMap(new MapHeader(range.Channel, Map.Length, range.Offset), part);
            }
        });
    }

    public void Close(CloseReason reason)
    {
        ClosedFor ??= reason;
        Lose();
    }

    public void Disconnect(CloseReason reason) => Close(reason);

    public void Abort() => Lose();

    /// <summary>Ends the transfer from the peer's side.</summary>
    public void Refuse(CloseReason reason) => _answers.Writer.TryWrite(to =>
    {
        to.Refuse(reason);
        Lose();
    });

    private async Task AnswerAsync()
    {
        await foreach (var answer in _answers.Reader.ReadAllAsync())
        {
            if (_listener is { } listener && !IsClosed)
            {
                answer(listener);
            }
        }
    }

    private void SendBlock(IChannelListener to, BlockRange range)
    {
        if (_blocks >= SilentAfter)
        {
            return;
        }

        SendingBlock();
        if (RejectsBlocks)
        {
            to.Reject(range);
            return;
        }

        if (to.BeginReceive(new PieceHeader(ChannelId, range.Piece, range.Begin), range.Count) is not { } block)
        {
            return;
        }

        if (_blocks++ == BreaksAfter)
        {
            to.AbortReceive(block);
            Lose();
            return;
        }

        _content.GetBlocks(range.Piece, range.Begin, range.Count).CopyTo(block.Buffer.Span);
        block.Buffer.Span[0] ^= (byte)(SendsWrongBlocks ? 1 : 0);
        BytesSent += range.Count;
        to.EndReceive(block, 0);
    }

    private void Lose()
    {
        if (Interlocked.Exchange(ref _lost, 1) == 0)
        {
            _answers.Writer.TryComplete();
            _listener?.Lose();
        }
    }
}
