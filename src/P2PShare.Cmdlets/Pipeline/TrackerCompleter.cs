using System.Collections;
using System.Management.Automation;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Completes an argument with names that the tracker knows; silent and quick if the tracker does not answer.</summary>
public abstract class TrackerCompleter : NameCompleter
{
    private protected TrackerCompleter()
    {
    }

    /// <summary>Most names that are asked for: one page, which no person reads to its end.</summary>
    private protected const int MaxNames = ListQuery.MaxPageSize;

    /// <summary>Names that the tracker knows; may depend on the group, <see cref="IsMine"/> and <see cref="KeyOf"/> in <paramref name="bound"/>, and on nothing else in it.</summary>
    /// <param name="prefix">How they begin.</param>
    private protected abstract Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, string prefix, CancellationToken cancellationToken);

    /// <summary>What an answer depends on beside the group.</summary>
    private protected virtual string KeyOf(IDictionary bound, string prefix) => prefix;

    /// <summary>Whether only the user's own groups are wanted.</summary>
    private protected static bool IsMine(IDictionary bound) => First(bound, "Mine") == bool.TrueString;

    private protected override IReadOnlyList<(string Name, string ToolTip)> GetNames(IDictionary bound, string text)
    {
        var session = (bound["Session"] as PSObject)?.BaseObject as P2PSession
            ?? bound["Session"] as P2PSession
            ?? RunspaceState.Current.DefaultSession;
        if (session is not { Connected: true })
        {
            return [];
        }

        var prefix = NameMatch.Prefix(text);
        var names = session.Names.GetAsync(
            (GetType(), First(bound, "Group"), IsMine(bound), KeyOf(bound, prefix)),
            async timeout => [.. await AskAsync(session, bound, prefix, timeout).ConfigureAwait(false)]);
        return PipelineContext.Wait(names);
    }

    /// <summary>The first value typed for a parameter; null if there is none.</summary>
    private protected static string? First(IDictionary bound, params ReadOnlySpan<string> parameters)
    {
        foreach (var parameter in parameters)
        {
            var value = bound[parameter];
            value = BaseObject.Of(value);
            if ((value is IEnumerable list and not string ? list.Cast<object?>().FirstOrDefault() : value)?.ToString() is { Length: > 0 } text)
            {
                return text;
            }
        }

        return null;
    }
}
