using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>A tracker's certificate is neither trusted by the system nor pinned: the user may be asked to accept it.</summary>
public sealed class UntrustedTrackerException : P2PShareException
{
    internal UntrustedTrackerException(string code, string message, TrackerAddress address, Hash256 fingerprint)
        : base(code, message)
    {
        Address = address;
        Fingerprint = fingerprint;
    }

    public TrackerAddress Address { get; }

    /// <summary>Of the certificate that the tracker presented.</summary>
    public Hash256 Fingerprint { get; }
}
