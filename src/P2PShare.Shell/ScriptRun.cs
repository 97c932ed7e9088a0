using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using P2PShare.Shell.Hosting;

namespace P2PShare.Shell;

/// <summary>Runs a script's file.</summary>
internal static partial class ScriptRun
{
    /// <summary>Runs it whole, with arguments as PowerShell's own <c>-File</c> takes them.</summary>
    /// <exception cref="ShellException">There is no such file.</exception>
    public static void Run(ShellRunspace shell, string path, IEnumerable<string> arguments)
    {
        var words = arguments.Select(argument => ParameterName().IsMatch(argument) ? argument : Quote(argument)).Prepend(Quote(Existing(path)));
        shell.RunScript("& " + string.Join(' ', words));
    }

    /// <summary>Prints each statement, with the comment before it, and runs it; the first error ends it.</summary>
    /// <exception cref="ShellException">There is no such file, or it cannot be parsed.</exception>
    public static void RunEchoed(ShellRunspace shell, string path, string name)
    {
        var script = Parser.ParseFile(Existing(path), out _, out var errors);
        if (errors.Length > 0)
        {
            throw new ShellException($"'{path}' is not a PowerShell script: {errors[0].Message}");
        }

        var text = script.Extent.Text;
        var printed = 0;
        foreach (var statement in script.EndBlock.Statements)
        {
            var end = statement.Extent.EndOffset;
            foreach (var line in text[printed..end].Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                shell.UserInterface.WriteLine($"{name}> {line}");
            }

            printed = end;
            if (!shell.RunScript(statement.Extent.Text) || shell.Ending)
            {
                return;
            }
        }
    }

    private static string Existing(string path)
    {
        var full = Path.GetFullPath(path);
        return File.Exists(full) ? full : throw new ShellException($"The script '{path}' does not exist.");
    }

    private static string Quote(string text) => "'" + CodeGeneration.EscapeSingleQuotedStringContent(text) + "'";

    [GeneratedRegex(@"^-[A-Za-z]\w*(:(\$(true|false))?)?$", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();
}
