using P2PShare.Integration;
using P2PShare.Integration.Pester;
using Xunit.Abstractions;

[assembly: TestCollectionOrderer("P2PShare.Integration." + nameof(LongestFirst), "P2PShare.Integration")]

namespace P2PShare.Integration;

/// <summary>Starts the Pester suite before all others: its rows run one after the other, and would be left over at the end while the other core is idle.</summary>
public sealed class LongestFirst : ITestCollectionOrderer
{
    public IEnumerable<ITestCollection> OrderTestCollections(IEnumerable<ITestCollection> testCollections) =>
        testCollections.OrderByDescending(collection => collection.DisplayName.Contains(nameof(PesterTests), StringComparison.Ordinal));
}
