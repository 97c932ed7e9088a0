using System.Net;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Connections;

/// <summary>What one peer fetched of one content from this peer server, when it stopped fetching.</summary>
/// <param name="Group">The group under whose ticket it was fetched.</param>
/// <param name="FileName">The file's name in that group.</param>
/// <param name="UserName">The holder of the ticket; null if this side dialled and no ticket was shown.</param>
/// <param name="Bytes">Bytes of pieces sent.</param>
/// <param name="Complete">Whether at least as many bytes were sent as the content has.</param>
public sealed record UploadRecord(
    string Group,
    string FileName,
    Hash256 PiecesRoot,
    string? UserName,
    Hash256 Fingerprint,
    IPEndPoint EndPoint,
    long Bytes,
    bool Complete,
    DateTimeOffset Started,
    TimeSpan Duration);
