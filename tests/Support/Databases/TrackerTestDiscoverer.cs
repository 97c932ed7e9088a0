using P2PShare.TrackerHost.Configuration;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace P2PShare.Support;

/// <summary>Makes a test case for each database of a test, and of each of its rows.</summary>
public sealed class TrackerTestDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute)
    {
        var method = testMethod.Method.ToRuntimeMethod();
        object[]?[] rows =
        [
            .. testMethod.Method.GetCustomAttributes(typeof(DataAttribute))
                .Cast<IReflectionAttributeInfo>()
                .SelectMany(data => ((DataAttribute)data.Attribute).GetData(method)),
        ];
        return from row in rows.Length == 0 ? [null] : rows
               from database in Enum.GetValues<DatabaseKind>()
               select new TrackerTestCase(messages, discoveryOptions, testMethod, row, database);
    }
}
