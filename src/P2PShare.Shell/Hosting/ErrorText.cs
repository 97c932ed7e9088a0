using System.Management.Automation;

namespace P2PShare.Shell.Hosting;

/// <summary>The text of an error for the user: one sentence, and its place in a script's file.</summary>
internal static class ErrorText
{
    /// <param name="commands">The known commands, for the suggestion of the nearest name.</param>
    public static string Describe(ErrorRecord error, IEnumerable<string> commands)
    {
        var message = error.Exception switch
        {
            CommandNotFoundException { CommandName: { Length: > 0 } name } =>
                $"'{name}' is not a command here. {(NearestName.Find(name, commands) is { } near ? $"Did you mean {near}? " : "")}Type 'help' for the list.",
            // The engine's text repeats the lines around the mistake; a typed line may contain a password.
            ParseException { Errors: { Length: > 0 } errors } => string.Join(" ", errors.Select(mistake => mistake.Message)),
            var exception => error.ErrorDetails?.Message ?? exception.Message,
        };
        var script = error.InvocationInfo?.ScriptName;
        var place = string.IsNullOrEmpty(script) ? "" : $" ({Path.GetFileName(script)}:{error.InvocationInfo!.ScriptLineNumber})";
        return $"Error: {message.Trim()}{place}";
    }
}
