using System.Net;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Connections;

namespace P2PShare;

/// <summary>What one peer received of one file from this session's peer server.</summary>
public sealed class P2PUpload
{
    internal P2PUpload(UploadRecord record)
    {
        Group = record.Group;
        Name = record.FileName;
        // From a ticket, which the tracker signed and another peer brought.
        UserName = record.UserName is { } user ? PrintableCharacter.Defuse(user) : null;
        Bytes = record.Bytes;
        Complete = record.Complete;
        Started = record.Started;
        Duration = record.Duration;
        BytesPerSecond = record.Duration > TimeSpan.Zero ? record.Bytes / record.Duration.TotalSeconds : 0;
        EndPoint = record.EndPoint;
        Fingerprint = record.Fingerprint.ToString();
        PiecesRoot = record.PiecesRoot.ToString();
    }

    public string Group { get; }

    /// <summary>The file's name in the group.</summary>
    public string Name { get; }

    /// <summary>The user of the peer; null if the peer presented no ticket.</summary>
    public string? UserName { get; }

    public long Bytes { get; }

    /// <summary>Whether all of the file was sent.</summary>
    public bool Complete { get; }

    public DateTimeOffset Started { get; }

    public TimeSpan Duration { get; }

    public double BytesPerSecond { get; }

    public IPEndPoint EndPoint { get; }

    /// <summary>Of the other peer's certificate.</summary>
    public string Fingerprint { get; }

    public string PiecesRoot { get; }
}
