using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Completes an argument with names.</summary>
public abstract class NameCompleter : IArgumentCompleter
{
    private protected NameCompleter()
    {
    }

    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        var (text, isQuoted) = CompletedWord.Read(wordToComplete);
        return [.. Match(GetNames(fakeBoundParameters, text), text)
            .OrderBy(name => name.Name, StringComparer.OrdinalIgnoreCase)
            .Select(name => new CompletionResult(CompletedWord.Quote(name.Name, isQuoted), name.Name, CompletionResultType.ParameterValue, name.ToolTip))];
    }

    /// <summary>All names that may follow; empty if they cannot be had at once.</summary>
    /// <param name="bound">The arguments that were typed before.</param>
    /// <param name="text">The beginning that was typed; names that begin otherwise may be left out.</param>
    private protected abstract IReadOnlyList<(string Name, string ToolTip)> GetNames(IDictionary bound, string text);

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
}
