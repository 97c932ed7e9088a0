namespace P2PShare.Transfer.Diagnostics;

/// <summary>
/// Where the time of one session of a download went. What runs on several connections at once adds up, so that the parts
/// may be more than <paramref name="Total"/> together.
/// </summary>
/// <param name="Total">From its start until now, or until it ended.</param>
/// <param name="WaitingForSources">No connected peer had a missing piece.</param>
/// <param name="Network">Requested and not there yet: the other peer, the network, receiving and decrypting.</param>
/// <param name="Hashing">Of blocks and pieces.</param>
/// <param name="Disk">Writing pieces, making them durable, and verifying what an earlier session left.</param>
public readonly record struct DownloadTimes(TimeSpan Total, TimeSpan WaitingForSources, TimeSpan Network, TimeSpan Hashing, TimeSpan Disk);
