using System.Management.Automation;
using P2PShare.Cmdlets.PeerServers;

namespace P2PShare;

/// <summary>A session's peer server; its numbers are those of the moment at which they are read.</summary>
public sealed class P2PPeerServer
{
    internal P2PPeerServer(PeerServerJob job) => PeerServerJob = job;

    public int Port => PeerServerJob.Server.Port;

    public JobState State => PeerServerJob.JobStateInfo.State;

    public string UserName => PeerServerJob.Session.UserName;

    public string Tracker => PeerServerJob.Session.Tracker;

    /// <summary>Of its certificate.</summary>
    public string Fingerprint => PeerServerJob.Server.Fingerprint.ToString();

    /// <summary>Number of files offered, in all groups together.</summary>
    public int SharedFiles => PeerServerJob.Server.GetStatus().SharedFiles;

    /// <summary>Number of connections to peers.</summary>
    public int Connections => PeerServerJob.Server.GetStatus().Connections;

    public int ActiveUploads => PeerServerJob.Server.GetStatus().ActiveUploads;

    public long BytesUploaded => PeerServerJob.Server.GetStatus().BytesUploaded;

    public long BytesDownloaded => PeerServerJob.Server.GetStatus().BytesDownloaded;

    /// <summary>Bytes a second; null: no limit.</summary>
    public long? UploadLimit => PeerServerJob.Server.UploadLimit;

    /// <summary>Bytes a second; null: no limit.</summary>
    public long? DownloadLimit => PeerServerJob.Server.DownloadLimit;

    /// <summary>Whether blocks that shrink are compressed on lines that are slower than the processors.</summary>
    public bool Compression => PeerServerJob.Server.Compression;

    /// <summary>Connections that it keeps of one address.</summary>
    public int AddressConnectionLimit => PeerServerJob.Server.ConnectionLimits.PerAddress;

    /// <summary>Handshakes of one address that run at once.</summary>
    public int AddressHandshakeLimit => PeerServerJob.Server.ConnectionLimits.HandshakesPerAddress;

    /// <summary>Connections that it keeps of one user.</summary>
    public int UserConnectionLimit => PeerServerJob.Server.ConnectionLimits.PerUser;

    /// <summary>How long running uploads may continue when it is stopped.</summary>
    public TimeSpan StopTimeout => PeerServerJob.StopTimeout;

    /// <summary>The job in which it runs; Receive-Job returns its uploads.</summary>
    public Job Job => PeerServerJob;

    internal PeerServerJob PeerServerJob { get; }
}
