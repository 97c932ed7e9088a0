using Xunit.Abstractions;
using Xunit.Sdk;

namespace P2PShare.Integration.Pester;

/// <summary>Makes a test case for each file of the Pester suite.</summary>
public sealed class PesterFileDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        Directory.EnumerateFiles(Repository.Combine("tests", "Pester"), "*.Tests.ps1")
            .Order(StringComparer.Ordinal)
            .Select(path => new PesterTestCase(messages, discoveryOptions, testMethod, path));
}
