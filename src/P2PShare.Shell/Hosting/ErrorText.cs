using System.Management.Automation;

namespace P2PShare.Shell.Hosting;

/// <summary>What a person reads of an error: one sentence, and the place where it is in a script's file.</summary>
internal static class ErrorText
{
    public static string Describe(ErrorRecord error)
    {
        var message = error.Exception switch
        {
            CommandNotFoundException { CommandName: { Length: > 0 } name } =>
                $"'{name}' is not a command here. Type 'help' for the list, or check the spelling.",
            // The engine's text repeats the lines around the mistake; what was typed may hold a password.
            ParseException { Errors: { Length: > 0 } errors } => string.Join(" ", errors.Select(mistake => mistake.Message)),
            var exception => error.ErrorDetails?.Message ?? exception.Message,
        };
        var script = error.InvocationInfo?.ScriptName;
        var place = string.IsNullOrEmpty(script) ? "" : $" ({Path.GetFileName(script)}:{error.InvocationInfo!.ScriptLineNumber})";
        return $"Error: {message.Trim()}{place}";
    }
}
