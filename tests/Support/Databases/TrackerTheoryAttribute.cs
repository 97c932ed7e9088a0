using Xunit.Sdk;

namespace P2PShare.Support;

/// <summary>A test of the tracker that has data: runs once on each database with each row.</summary>
[XunitTestCaseDiscoverer("P2PShare.Support.TrackerTestDiscoverer", "P2PShare.Support")]
public sealed class TrackerTheoryAttribute : TheoryAttribute;
