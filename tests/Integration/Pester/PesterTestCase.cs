using System.ComponentModel;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace P2PShare.Integration.Pester;

/// <summary>One file of the Pester suite, displayed as <c>Pester: &lt;file&gt;</c>.</summary>
public sealed class PesterTestCase : XunitTestCase
{
    [EditorBrowsable(EditorBrowsableState.Never)]
    [Obsolete("For xunit, which deserializes it.")]
    public PesterTestCase()
    {
    }

    internal PesterTestCase(IMessageSink messages, ITestFrameworkDiscoveryOptions options, ITestMethod method, string path)
        : base(messages, options.MethodDisplayOrDefault(), options.MethodDisplayOptionsOrDefault(), method, [path])
    {
    }

    protected override string GetDisplayName(IAttributeInfo factAttribute, string displayName) =>
        $"Pester: {Path.GetFileName((string)TestMethodArguments[0])}";
}
