namespace P2PShare.Transfer.Storage;

/// <summary>A user at a tracker: what a state folder keeps belongs to one of these.</summary>
/// <param name="TrackerId">Names the tracker's database.</param>
/// <param name="UserName">As the tracker has it.</param>
public sealed record TrackerAccount(Guid TrackerId, string UserName);
