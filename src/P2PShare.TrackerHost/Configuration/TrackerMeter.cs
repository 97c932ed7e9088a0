namespace P2PShare.TrackerHost.Configuration;

/// <summary>The meter of all the tracker's instruments; <c>IMeterFactory</c> returns the same one for this name.</summary>
internal static class TrackerMeter
{
    public const string Name = "P2PShare.Tracker";
}
