using System.Diagnostics;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Downloading;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Transfer.Connections;

/// <summary>One content on one connection. Pieces flow both ways on it.</summary>
internal sealed class ContentChannel(PeerConnection connection, uint id, OfferedContent offered, string group, string? userName)
{
    // The wall clock may be moved meanwhile.
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _bytesUploaded;

    public PeerConnection Connection { get; } = connection;

    /// <summary>Odd where the dialling side opened it, even where the listening side did.</summary>
    public uint Id { get; } = id;

    public OfferedContent Offered { get; } = offered;

    /// <summary>The group under which it was opened.</summary>
    public string Group { get; } = group;

    /// <summary>Whose ticket opened it; null where this side did.</summary>
    public string? UserName { get; } = userName;

    public DateTimeOffset Started { get; } = DateTimeOffset.UtcNow;

    /// <summary>What the other side has; null until it has said.</summary>
    public Bitfield? RemoteHas { get; private set; }

    /// <summary>Whether this side has said what it has.</summary>
    public bool HasSentBitfield { get; set; }

    /// <summary>The download that fetches over this channel, and this channel as its source; null where there is none.</summary>
    public (DownloadSession Run, DownloadSource Source)? Fetch { get; private set; }

    /// <summary>Keeps what the other side has.</summary>
    /// <returns>The download to tell; null where there is none yet.</returns>
    public (DownloadSession Run, DownloadSource Source)? SetRemoteHas(Bitfield has)
    {
        lock (this)
        {
            RemoteHas = has;
            return Fetch;
        }
    }

    /// <summary>Lets a download fetch over this channel.</summary>
    /// <returns>What the other side has, where it has said so already.</returns>
    public Bitfield? SetFetch(DownloadSession run, DownloadSource source)
    {
        lock (this)
        {
            Fetch = (run, source);
            return RemoteHas;
        }
    }

    public void ClearFetch() => Fetch = null;

    public long BytesUploaded => Interlocked.Read(ref _bytesUploaded);

    public void CountUpload(int bytes)
    {
        Interlocked.Add(ref _bytesUploaded, bytes);
        Connection.CountUpload(bytes);
    }

    /// <summary>What was fetched over it; null where nothing was.</summary>
    public UploadRecord? MakeRecord() => BytesUploaded == 0
        ? null
        : new UploadRecord(
            Group,
            Offered.NameIn(Group) ?? "",
            Offered.PiecesRoot,
            UserName,
            Connection.RemoteFingerprint,
            Connection.RemoteEndPoint,
            BytesUploaded,
            BytesUploaded >= Offered.Description.Size,
            Started,
            Stopwatch.GetElapsedTime(_started));
}
