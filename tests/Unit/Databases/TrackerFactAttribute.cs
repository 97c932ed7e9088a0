using Xunit.Sdk;

namespace P2PShare.Unit.Databases;

/// <summary>A test of the tracker: runs once on each database.</summary>
[XunitTestCaseDiscoverer("P2PShare.Unit.Databases.TrackerTestDiscoverer", "P2PShare.Unit")]
public sealed class TrackerFactAttribute : FactAttribute;
