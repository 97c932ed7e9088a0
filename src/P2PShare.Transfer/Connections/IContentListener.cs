using P2PShare.Protocol;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Receives the whole contents that this side asked for on a connection. The connection calls it from its reading loop, one call at a
/// time, except for <see cref="Lose"/>, which may come from any thread.
/// </summary>
internal interface IContentListener
{
    /// <param name="bytes">Of the content, not checked. Valid during the call.</param>
    /// <exception cref="WireException">The content was not requested, or has another size.</exception>
    void Receive(Hash256 piecesRoot, ReadOnlySpan<byte> bytes);

    /// <summary>The other side does not send some contents.</summary>
    /// <exception cref="WireException">One of them was not requested.</exception>
    void Refuse(CloseReason reason, IReadOnlyList<Hash256> piecesRoots);

    /// <summary>The connection is gone.</summary>
    void Lose();
}
