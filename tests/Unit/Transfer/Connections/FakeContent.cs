using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Connections;

namespace P2PShare.Unit.Transfer.Connections;

/// <summary>A content in memory that keeps what a connection does with it. Byte <c>i</c> of it is <c>i % 251</c>.</summary>
internal sealed class FakeContent : IServedContent
{
    private readonly List<ContentChannel> _channels = [];

    /// <param name="number">Of contents with as many pieces: each has another pieces root.</param>
    public FakeContent(int pieces = 4, int pieceLength = 64 * 1024, int lastPiece = 1000, int number = 7)
    {
        var size = (pieces - 1) * (long)pieceLength + lastPiece;
        Description = new ContentDescription(size, pieceLength, Hash256.Compute([(byte)pieces, .. number == 7 ? [(byte)7] : BitConverter.GetBytes(number)]));
        PieceLayer = [.. Enumerable.Range(0, pieces).Select(piece => Hash256.Compute([(byte)piece]))];
        Have = new Bitfield(pieces);
        Have.SetAll();
    }

    public ContentDescription Description { get; }

    public Hash256 PiecesRoot => Description.PiecesRoot!.Value;

    public IReadOnlyList<Hash256> PieceLayer { get; init; }

    public Bitfield Have { get; }

    /// <summary>Pieces that super-seeding has assigned to another peer.</summary>
    public HashSet<int> AssignedElsewhere { get; } = [];

    public List<int> Deferred { get; } = [];

    public List<int> RemoteHaves { get; } = [];

    public List<ContentChannel> Accepted { get; } = [];

    /// <summary>Thrown by reads from this offset on.</summary>
    public (long Offset, Exception Error)? Broken { get; set; }

    public IEnumerable<ContentChannel> Channels
    {
        get
        {
            lock (_channels)
            {
                return [.. _channels];
            }
        }
    }

    public static byte[] Bytes(long offset, int count) => [.. Enumerable.Range(0, count).Select(i => (byte)((offset + i) % 251))];

    public Bitfield GetHave() => Have.Clone();

    public bool Has(int piece) => Have[piece];

    public void Read(long offset, Span<byte> buffer)
    {
        if (Broken is var (from, error) && offset + buffer.Length > from)
        {
            throw error;
        }

        for (var i = 0; i < buffer.Length; i++)
        {
            buffer[i] = (byte)((offset + i) % 251);
        }
    }

    /// <summary>Null: it was withdrawn.</summary>
    public string? Name { get; set; } = "file.bin";

    public string? NameIn(Guid group) => Name;

    public void Attach(ContentChannel channel)
    {
        lock (_channels)
        {
            _channels.Add(channel);
        }
    }

    public void Detach(ContentChannel channel)
    {
        lock (_channels)
        {
            _channels.Remove(channel);
        }
    }

    public void Accept(ContentChannel channel) => Accepted.Add(channel);

    public bool TryAssign(ContentChannel channel, int piece) => !AssignedElsewhere.Contains(piece);

    public void Defer(ContentChannel channel, int piece) => Deferred.Add(piece);

    public void AddHaves(ContentChannel channel, IEnumerable<int> pieces) => RemoteHaves.AddRange(pieces);
}
