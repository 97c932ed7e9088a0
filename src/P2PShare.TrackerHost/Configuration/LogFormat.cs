namespace P2PShare.TrackerHost.Configuration;

/// <summary>The values of <c>Tracker:LogFormat</c>.</summary>
internal enum LogFormat
{
    /// <summary>For people; under systemd with the priorities that its journal reads.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}
