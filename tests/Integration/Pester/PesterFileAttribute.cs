using Xunit.Sdk;

namespace P2PShare.Integration.Pester;

/// <summary>A test that runs once for each file of <c>tests/Pester</c>, with the file's path.</summary>
[XunitTestCaseDiscoverer("P2PShare.Integration.Pester.PesterFileDiscoverer", "P2PShare.Integration")]
[AttributeUsage(AttributeTargets.Method)]
public sealed class PesterFileAttribute : FactAttribute;
