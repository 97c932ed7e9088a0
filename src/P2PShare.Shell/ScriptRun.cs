using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using P2PShare.Shell.Hosting;

namespace P2PShare.Shell;

/// <summary>Runs a script's file.</summary>
internal static partial class ScriptRun
{
    /// <summary>Runs the whole file, with arguments as PowerShell's own <c>-File</c> takes them.</summary>
    public static void Run(ShellSession session, string path, IEnumerable<string> arguments)
    {
        if (Parse(session, path) is { } script)
        {
            var words = arguments.Select(argument => ParameterName().IsMatch(argument) ? argument : Quote(argument)).Prepend("& $args[0]");
            session.RunBlock(script.GetScriptBlock(), string.Join(' ', words));
        }
    }

    /// <summary>Prints each statement, with the comment before it, and runs it; stops at the first error. Every line begins with the name.</summary>
    public static void RunEchoed(ShellSession session, string path, string name)
    {
        if (Parse(session, path) is not { } script)
        {
            return;
        }

        // A progress bar has no place between the lines of several shells.
        session.RunText("$ProgressPreference = 'SilentlyContinue'");
        var text = script.Extent.Text;
        var printed = 0;
        foreach (var statement in script.EndBlock.Statements)
        {
            var end = statement.Extent.EndOffset;
            foreach (var line in text[printed..end].Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0))
            {
                Console.WriteLine($"{name}> {line}");
            }

            printed = end;
            if (!session.RunText(statement.Extent.Text, name) || session.Ending)
            {
                return;
            }
        }
    }

    /// <summary>Prints a line of output after a name; skips blank lines, which a shared console does not need between tables.</summary>
    public static void WriteEchoed(string name, string line)
    {
        if (!string.IsNullOrWhiteSpace(line))
        {
            Console.WriteLine($"{name}| {line.TrimEnd()}");
        }
    }

    // Null if the file does not exist or cannot be parsed; the error is written.
    private static ScriptBlockAst? Parse(ShellSession session, string path)
    {
        var full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            session.Fail($"The script '{path}' does not exist.");
            return null;
        }

        var script = Parser.ParseFile(full, out _, out var errors);
        if (errors.Length > 0)
        {
            session.Fail($"{errors[0].Message} ({Path.GetFileName(path)}:{errors[0].Extent.StartLineNumber})");
            return null;
        }

        return script;
    }

    private static string Quote(string text) => "'" + CodeGeneration.EscapeSingleQuotedStringContent(text) + "'";

    [GeneratedRegex(@"^-[A-Za-z]\w*(:(\$(true|false))?)?$", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();
}
