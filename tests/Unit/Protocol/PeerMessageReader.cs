using P2PShare.Protocol;
using P2PShare.Protocol.Wire;

namespace P2PShare.Unit.Protocol;

/// <summary>One entry point to all that is decoded from the peer wire.</summary>
internal static class PeerMessageReader
{
    /// <summary>Kinds that stand on the wire.</summary>
    public static readonly MessageId[] Kinds = [.. Enum.GetValues<MessageId>().Except([MessageId.KeepAlive])];

    /// <returns>The message; null where bytes are missing.</returns>
    /// <exception cref="WireException">Not a message.</exception>
    public static object? Read(ReadOnlySpan<byte> bytes) =>
        Frame.TryReadHeader(bytes, out var id, out var header, out var length) && bytes.Length >= header + length
            ? ReadBody(id, bytes.Slice(header, length))
            : null;

    private static object ReadBody(MessageId id, ReadOnlySpan<byte> body) => id switch
    {
        MessageId.KeepAlive => id,
        MessageId.Have => HaveMessage.Read(body),
        MessageId.Bitfield or MessageId.HaveAll or MessageId.HaveNone =>
            (BitfieldMessage.ReadChannel(body), BitfieldMessage.ReadBits(body).ToArray()),
        MessageId.Request or MessageId.PackedRequest or MessageId.Cancel or MessageId.Reject => BlockRange.Read(body),
        MessageId.Piece => (PieceHeader.Read(body), body[PieceHeader.Length..].ToArray()),
        MessageId.PackedPiece => (PackedPieceHeader.Read(body, body.Length), body[PackedPieceHeader.Length..].ToArray()),
        MessageId.Hello => HelloMessage.Read(body),
        MessageId.HashRequest or MessageId.HashReject => HashRange.Read(body),
        MessageId.Hashes => (HashRange.Read(body), HashRange.Read(body).ReadHashes(body)),
        MessageId.TreeRequest or MessageId.TreeReject => TreeRange.Read(body),
        MessageId.TreeHashes => (TreeRange.Read(body), TreeRange.Read(body).ReadHashes(body)),
        MessageId.Open => OpenMessage.Read(body),
        MessageId.Close => CloseMessage.Read(body),
        MessageId.MapRequest or MessageId.MapReject => MapRange.Read(body),
        MessageId.Map => (MapHeader.Read(body), body[MapHeader.Length..].ToArray()),
        MessageId.Get => GetMessage.Read(body),
        MessageId.Content => (ContentMessage.ReadRoot(body), body[Hash256.Size..].ToArray()),
        MessageId.GetReject => GetRejectMessage.Read(body),
        _ => throw new InvalidOperationException($"{id} is not decoded by the tests."),
    };
}
