using System.Net;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Connections;

/// <summary>A connection that another peer dialled, from its acceptance to its end. <see cref="Admission"/> changes it under its lock.</summary>
/// <param name="address">As <see cref="Admission.GetLimitedAddress"/> returns it.</param>
/// <param name="end">Ends it; called when it has to make room, on any thread.</param>
internal sealed class Arrival(IPAddress address, Action end)
{
    public IPAddress Address { get; } = address;

    /// <summary>As <see cref="Admission.GetSite"/> returns it.</summary>
    public IPAddress Site { get; } = Admission.GetSite(address);

    /// <summary>Ends it; called when it has to make room, on any thread.</summary>
    public Action End { get; set; } = end;

    /// <summary>Its place among those that have not said hello; null once it has, or has ended.</summary>
    public LinkedListNode<Arrival>? Ungreeted { get; set; }

    /// <summary>Its place among those of its address that have not said hello; null once it has, or has ended.</summary>
    public LinkedListNode<Arrival>? UngreetedOfAddress { get; set; }

    /// <summary>Its place among those of its site that have not said hello; null once it has, or has ended.</summary>
    public LinkedListNode<Arrival>? UngreetedOfSite { get; set; }

    /// <summary>The user who said hello; null before.</summary>
    public Guid? User { get; set; }

    /// <summary>Of the peer's certificate; set with <see cref="User"/>.</summary>
    public Hash256 Fingerprint { get; set; }
}
