using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Completes an argument with names that the tracker knows; silent and quick when it does not answer.</summary>
public abstract class TrackerCompleter : IArgumentCompleter
{
    // A person waits at the prompt.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    private protected TrackerCompleter()
    {
    }

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var session = (fakeBoundParameters["Session"] as PSObject)?.BaseObject as P2PSession
            ?? fakeBoundParameters["Session"] as P2PSession
            ?? RunspaceState.Current.DefaultSession;
        if (session is not { Connected: true })
        {
            return [];
        }

        var quote = wordToComplete is ['\'' or '"', ..] ? wordToComplete[..1] : "";
        var start = WildcardPattern.Get(wordToComplete.Trim('\'', '"') + "*", WildcardOptions.IgnoreCase);
        return [.. Ask(session, fakeBoundParameters)
            .Where(name => start.IsMatch(name.Name))
            .OrderBy(name => name.Name, StringComparer.OrdinalIgnoreCase)
            .Select(name => new CompletionResult(Quote(name.Name, quote), name.Name, CompletionResultType.ParameterValue, name.ToolTip))];
    }

    private protected abstract Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken);

    /// <summary>The first value typed for a parameter; null where there is none.</summary>
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

    private IEnumerable<(string Name, string ToolTip)> Ask(P2PSession session, IDictionary bound)
    {
        try
        {
            using var patience = new CancellationTokenSource(Patience);
            var asked = Task.Run(() => AskAsync(session, bound, patience.Token), patience.Token);
            return asked.Wait(Patience) ? asked.Result : [];
        }
        catch (AggregateException e) when (e.InnerException is P2PShareException or OperationCanceledException or ObjectDisposedException)
        {
            return [];
        }
    }

    private static string Quote(string name, string quote)
    {
        if (quote.Length == 0)
        {
            return name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/') ? name : $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'";
        }

        return quote == "'" ? $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'" : $"\"{name.Replace("`", "``").Replace("$", "`$").Replace("\"", "`\"")}\"";
    }
}
