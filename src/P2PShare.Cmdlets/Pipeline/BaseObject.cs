using System.Management.Automation;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Values that PowerShell may have wrapped: from a session, a pipeline, or bound parameters.</summary>
internal static class BaseObject
{
    /// <returns>The value without its wrapper.</returns>
    public static object? Of(object? value) => value is PSObject wrapped ? wrapped.BaseObject : value;
}
