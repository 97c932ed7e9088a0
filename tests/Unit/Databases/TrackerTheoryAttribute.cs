using Xunit.Sdk;

namespace P2PShare.Unit.Databases;

/// <summary>A test of the tracker that has data: runs once on each database with each row.</summary>
[XunitTestCaseDiscoverer("P2PShare.Unit.Databases.TrackerTestDiscoverer", "P2PShare.Unit")]
public sealed class TrackerTheoryAttribute : TheoryAttribute;
