using Xunit.Sdk;

namespace P2PShare.Support;

/// <summary>A test of the tracker: runs once on each database.</summary>
[XunitTestCaseDiscoverer("P2PShare.Support.TrackerTestDiscoverer", "P2PShare.Support")]
public sealed class TrackerFactAttribute : FactAttribute;
