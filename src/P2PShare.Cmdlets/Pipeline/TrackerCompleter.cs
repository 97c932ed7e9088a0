using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Runtime.CompilerServices;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Completes an argument with names that the tracker knows; silent and quick when it does not answer.</summary>
public abstract class TrackerCompleter : IArgumentCompleter
{
    // A person waits at the prompt.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    // Of a person who goes on typing and asks again; a tracker that is away is not waited for at each Tab either.
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(3);

    private static readonly ConditionalWeakTable<P2PSession, Dictionary<(Type, string?), Answer>> Answers = [];

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

    /// <summary>The next Tab asks the tracker again: a command runs in the session, and may change what there is.</summary>
    internal static void Forget(P2PSession session) => Answers.Remove(session);

    /// <summary>Names that the tracker knows; may depend on the group in <paramref name="bound"/> and on nothing else there.</summary>
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

    private IReadOnlyList<(string Name, string ToolTip)> Ask(P2PSession session, IDictionary bound)
    {
        var answers = Answers.GetOrCreateValue(session);
        var key = (GetType(), First(bound, "Group"));
        Answer? answer;
        bool asked;
        lock (answers)
        {
            asked = answers.TryGetValue(key, out answer) && answer.Age < Kept;
            if (!asked)
            {
                answers[key] = answer = new Answer(Task.Run(() => AskInTimeAsync(session, bound)));
            }
        }

        try
        {
            return answer!.Names.Wait(asked ? TimeSpan.Zero : Patience) ? answer.Names.Result : [];
        }
        catch (AggregateException)
        {
            // There is nowhere to say it at a Tab; the command itself says what is wrong.
            return [];
        }
    }

    private async Task<IReadOnlyList<(string Name, string ToolTip)>> AskInTimeAsync(P2PSession session, IDictionary bound)
    {
        using var patience = new CancellationTokenSource(Patience);
        return [.. await AskAsync(session, bound, patience.Token).ConfigureAwait(false)];
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
            // Half of one: "a[".
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

    private sealed class Answer(Task<IReadOnlyList<(string Name, string ToolTip)>> names)
    {
        private readonly long _asked = Environment.TickCount64;

        public Task<IReadOnlyList<(string Name, string ToolTip)>> Names => names;

        public TimeSpan Age => TimeSpan.FromMilliseconds(Environment.TickCount64 - _asked);
    }
}
