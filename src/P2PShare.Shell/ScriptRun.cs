using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using P2PShare.Shell.Hosting;

namespace P2PShare.Shell;

/// <summary>Runs a script's file.</summary>
internal static partial class ScriptRun
{
    /// <summary>Runs it whole, with arguments as PowerShell's own <c>-File</c> takes them.</summary>
    /// <exception cref="ShellException">There is no such file, or it cannot be parsed.</exception>
    public static void Run(ShellRunspace shell, string path, IEnumerable<string> arguments)
    {
        // A block, not the file's name: the engine would keep what the script gives to 'exit' for itself.
        var words = arguments.Select(argument => ParameterName().IsMatch(argument) ? argument : Quote(argument)).Prepend("& $args[0]");
        shell.RunScript(string.Join(' ', words), Parse(path).GetScriptBlock());
    }

    /// <summary>Prints each statement, with the comment before it, and runs it; the first error ends it. Every line begins with the name.</summary>
    /// <exception cref="ShellException">There is no such file, or it cannot be parsed.</exception>
    public static void RunEchoed(ShellRunspace shell, string path, string name)
    {
        var script = Parse(path);
        shell.UserInterface.Speaker = name;
        var text = script.Extent.Text;
        var printed = 0;
        foreach (var statement in script.EndBlock.Statements)
        {
            var end = statement.Extent.EndOffset;
            foreach (var line in text[printed..end].Split('\n').Select(line => line.TrimEnd()).Where(line => line.Length > 0))
            {
                shell.UserInterface.Echo(line);
            }

            printed = end;
            if (!shell.RunScript(statement.Extent.Text) || shell.Ending)
            {
                return;
            }
        }
    }

    private static ScriptBlockAst Parse(string path)
    {
        var full = Path.GetFullPath(path);
        if (!File.Exists(full))
        {
            throw new ShellException($"The script '{path}' does not exist.");
        }

        var script = Parser.ParseFile(full, out _, out var errors);
        return errors.Length == 0
            ? script
            : throw new ShellException($"{errors[0].Message} ({Path.GetFileName(path)}:{errors[0].Extent.StartLineNumber})");
    }

    private static string Quote(string text) => "'" + CodeGeneration.EscapeSingleQuotedStringContent(text) + "'";

    [GeneratedRegex(@"^-[A-Za-z]\w*(:(\$(true|false))?)?$", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterName();
}
