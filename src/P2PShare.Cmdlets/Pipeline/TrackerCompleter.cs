using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Completes an argument with names that the tracker knows; silent and quick if the tracker does not answer.</summary>
public abstract class TrackerCompleter : IArgumentCompleter
{
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
        var text = Unquote(wordToComplete, quote);
        return [.. Match(Ask(session, fakeBoundParameters), text)
            .OrderBy(name => name.Name, StringComparer.OrdinalIgnoreCase)
            .Select(name => new CompletionResult(Quote(name.Name, quote), name.Name, CompletionResultType.ParameterValue, name.ToolTip))];
    }

    /// <summary>Names that the tracker knows; may depend on the group in <paramref name="bound"/>, and on nothing else in it.</summary>
    private protected abstract Task<IEnumerable<(string Name, string ToolTip)>> AskAsync(
        P2PSession session, IDictionary bound, CancellationToken cancellationToken);

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

    private IReadOnlyList<(string Name, string ToolTip)> Ask(P2PSession session, IDictionary bound)
    {
        var names = session.Names.GetAsync(
            (GetType(), First(bound, "Group")),
            async timeout => [.. await AskAsync(session, bound, timeout).ConfigureAwait(false)]);
        return PipelineContext.Wait(names);
    }

    private static List<(string Name, string ToolTip)> Match(IReadOnlyList<(string Name, string ToolTip)> names, string text)
    {
        var literal = names.Where(name => name.Name.StartsWith(text, StringComparison.OrdinalIgnoreCase)).ToList();
        if (literal.Count > 0 || !NameMatch.IsPattern(text))
        {
            return literal;
        }

        try
        {
            var start = WildcardPattern.Get(text + "*", WildcardOptions.IgnoreCase);
            return [.. names.Where(name => start.IsMatch(name.Name))];
        }
        catch (WildcardPatternException)
        {
            // An unfinished pattern: "a[".
            return [];
        }
    }

    private static string Unquote(string word, string quote)
    {
        var text = quote.Length == 0 ? word : word[1..].TrimEnd(quote[0]);
        return quote switch
        {
            "'" => text.Replace("''", "'"),
            "\"" => text.Replace("\"\"", "\"").Replace("``", "\0").Replace("`", "").Replace('\0', '`'),
            _ => text,
        };
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
