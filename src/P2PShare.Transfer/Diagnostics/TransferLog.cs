using System.Net;
using Microsoft.Extensions.Logging;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>
/// What the peer server logs. Warning: a sentence for the person whose shares or downloads it concerns. Debug: for a person who looks
/// for the cause of something.
/// </summary>
internal static partial class TransferLog
{
    [LoggerMessage(3, LogLevel.Warning, "'{Name}' is not offered to group '{Group}': {Problem}")]
    public static partial void ShareNotOffered(this ILogger logger, string name, string group, string problem);

    [LoggerMessage(4, LogLevel.Warning, "{Names}: {Problem}")]
    public static partial void ContentUnreadable(this ILogger logger, string names, string problem);

    [LoggerMessage(5, LogLevel.Warning, "Not offered to group '{Group}' any longer, because you are not a member of it any more, or they are not files of it: {Names}.")]
    public static partial void AnnouncementsRejected(this ILogger logger, string names, string group);

    [LoggerMessage(6, LogLevel.Warning, "The state folder could not be written, and the next shell will not know this: {Problem}")]
    public static partial void StateWriteFailed(this ILogger logger, string problem);

    [LoggerMessage(7, LogLevel.Debug, "This peer could not be unregistered at the tracker, which will notice its absence. {Problem}")]
    public static partial void UnregisterFailed(this ILogger logger, string problem);

    [LoggerMessage(8, LogLevel.Debug, "A connection was dropped during its handshake: {Problem}")]
    public static partial void HandshakeFailed(this ILogger logger, string problem);

    [LoggerMessage(9, LogLevel.Debug, "{EndPoint} was refused: {Problem}")]
    public static partial void TicketRefused(this ILogger logger, IPEndPoint endPoint, string? problem);

    [LoggerMessage(10, LogLevel.Debug, "{EndPoint} was dropped: {Problem}")]
    public static partial void ProtocolViolated(this ILogger logger, IPEndPoint endPoint, string problem);

    [LoggerMessage(11, LogLevel.Debug, "{EndPoint} was dropped: it does not read what it requests.")]
    public static partial void PeerDoesNotRead(this ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(16, LogLevel.Debug, "{EndPoint} was refused: it speaks p2pshare/{Theirs}, and this peer p2pshare/{Ours}. The older one has to be updated.")]
    public static partial void VersionRefused(this ILogger logger, IPEndPoint endPoint, int theirs, int ours);

    [LoggerMessage(14, LogLevel.Debug, "{EndPoint} was dropped: it did not show a valid ticket in time.")]
    public static partial void HelloMissing(this ILogger logger, IPEndPoint endPoint);

    [LoggerMessage(15, LogLevel.Debug, "{EndPoint} was refused: there are as many connections as are kept for its address, for user '{UserName}' or in all.")]
    public static partial void ConnectionNotAdmitted(this ILogger logger, IPEndPoint endPoint, string userName);

    [LoggerMessage(112, LogLevel.Debug, "Requests of other peers to dial them do not arrive, because the tracker has no stream for this peer: {Problem}")]
    public static partial void DialStreamRefused(this ILogger logger, string problem);

    [LoggerMessage(113, LogLevel.Debug, "Dialled {Fingerprint} at its request.")]
    public static partial void DialledOnRequest(this ILogger logger, Hash256 fingerprint);

    [LoggerMessage(114, LogLevel.Debug, "{Fingerprint} asked to be dialled, which failed: {Problem}")]
    public static partial void DialOnRequestFailed(this ILogger logger, Hash256 fingerprint, string problem);
}
