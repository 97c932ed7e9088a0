using System.Management.Automation;

namespace P2PShare.Bench.EmptyModule;

/// <summary>The least that a binary module can be.</summary>
[Cmdlet(VerbsCommon.Get, "Nothing")]
public sealed class GetNothing : PSCmdlet
{
}
