using System.ComponentModel;
using P2PShare.TrackerHost.Configuration;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace P2PShare.Support;

/// <summary>A test on one database; skipped if that is not installed.</summary>
public sealed class TrackerTestCase : XunitTestCase
{
    private DatabaseKind _database;

    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("For xunit, which reads it back.")]
    public TrackerTestCase()
    {
    }

    internal TrackerTestCase(
        IMessageSink messages, ITestFrameworkDiscoveryOptions options, ITestMethod method, object[]? row, DatabaseKind database)
        : base(messages, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method, row) => _database = database;

    public override Task<RunSummary> RunAsync(
        IMessageSink diagnosticMessageSink,
        IMessageBus messageBus,
        object[] constructorArguments,
        ExceptionAggregator aggregator,
        CancellationTokenSource cancellationTokenSource)
    {
        // Flows into the test, which starts its trackers on it.
        TestDatabase.Kind = _database;
        return base.RunAsync(diagnosticMessageSink, messageBus, constructorArguments, aggregator, cancellationTokenSource);
    }

    public override void Serialize(IXunitSerializationInfo data)
    {
        base.Serialize(data);
        data.AddValue(nameof(_database), (int)_database);
    }

    public override void Deserialize(IXunitSerializationInfo data)
    {
        // First: the rest makes the name of the test.
        _database = (DatabaseKind)data.GetValue<int>(nameof(_database));
        base.Deserialize(data);
    }

    protected override string GetDisplayName(IAttributeInfo factAttribute, string displayName) =>
        $"{base.GetDisplayName(factAttribute, displayName)} [{_database}]";

    protected override string? GetSkipReason(IAttributeInfo factAttribute) =>
        base.GetSkipReason(factAttribute) ?? (_database == DatabaseKind.Postgres ? PostgresServer.Missing : null);

    protected override string GetUniqueID() => $"{base.GetUniqueID()}-{_database}";
}
