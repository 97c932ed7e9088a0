using System.Collections;
using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Completes an argument with names that the tracker knows; silent and quick if the tracker does not answer.</summary>
public abstract class TrackerCompleter : NameCompleter
{
    private protected TrackerCompleter()
    {
    }

    /// <summary>Names that the tracker knows; may depend on the group in <paramref name="bound"/>, and on nothing else in it.</summary>
    private protected abstract Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken);

    private protected override IReadOnlyList<(string Name, string ToolTip)> GetNames(IDictionary bound)
    {
        var session = (bound["Session"] as PSObject)?.BaseObject as P2PSession
            ?? bound["Session"] as P2PSession
            ?? RunspaceState.Current.DefaultSession;
        if (session is not { Connected: true })
        {
            return [];
        }

        var names = session.Names.GetAsync(
            (GetType(), First(bound, "Group")),
            async timeout => [.. await AskAsync(session, bound, timeout).ConfigureAwait(false)]);
        return PipelineContext.Wait(names);
    }

    /// <summary>The first value typed for a parameter; null if there is none.</summary>
    private protected static string? First(IDictionary bound, params ReadOnlySpan<string> parameters)
    {
        foreach (var parameter in parameters)
        {
            var value = bound[parameter];
            value = value is PSObject wrapped ? wrapped.BaseObject : value;
            if ((value is IEnumerable list and not string ? list.Cast<object?>().FirstOrDefault() : value)?.ToString() is { Length: > 0 } text)
            {
                return text;
            }
        }

        return null;
    }
}
