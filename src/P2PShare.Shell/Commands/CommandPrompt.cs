using System.Management.Automation.Language;
using System.Security;
using P2PShare.Shell.Hosting;
using P2PShare.Shell.LineEditing;

namespace P2PShare.Shell.Commands;

/// <summary>Reads commands line by line, from a terminal or from standard input, until its end or <c>exit</c>.</summary>
internal sealed class CommandPrompt(ShellRunspace shell, TrackerChoice tracker)
{
    private const string Question = "p2pshare> ";
    private const string Continuation = ">> ";

    private readonly bool _typed = !Console.IsInputRedirected;
    private readonly LineHistory _history = new(Console.IsInputRedirected ? null : HistoryFile());
    private LineEditor? _editor;

    public void Run()
    {
        shell.UserInterface.CommandsComeFromInput = true;
        if (_typed)
        {
            _editor = new LineEditor(new ConsoleTerminal(), _history, new LineCompletion(shell.Complete).Complete);
            shell.UserInterface.WriteLine($"Tracker: {tracker.Address}. Log in, or type help.");
        }

        while (!shell.Ending)
        {
            if (_typed)
            {
                shell.RunCommand("Show-FinishedDownload", []);
            }

            var (line, end) = ReadLine(Question);
            if (end == LineEnd.EndOfInput)
            {
                return;
            }

            Execute(line);
        }
    }

    private void Execute(string line)
    {
        if (line.TrimStart() is "" or ['#', ..])
        {
            return;
        }

        // exit and help are PowerShell's and a function's: nothing in them needs to be read as it stands.
        if (CommandList.Of(line) is { Name: not ("exit" or "help") } original)
        {
            ExecuteOriginal(original, line);
        }
        else if (Complete(line) is { } script)
        {
            shell.RunScript(script, remember: _typed && HistoryPolicy.Redact(line) == line);
        }
    }

    private void ExecuteOriginal(OriginalCommand command, string line)
    {
        IReadOnlyList<string> words;
        try
        {
            words = CommandLineWords.Split(line);
        }
        catch (ShellException e)
        {
            shell.Fail(e.Message);
            return;
        }

        var arguments = words.Skip(1)
            .Select((word, index) => command.Words.ElementAtOrDefault(index) == OriginalCommand.Password ? Secret(word) : (object)word).ToList();
        if (_typed && command.IsSecret && arguments.Count == command.Words.Count - 1)
        {
            // Better than what the original took: nobody reads over the shoulder what is not shown.
            var (password, end) = shell.UserInterface.ReadTyped(_editor!, "Password: ", hidden: true);
            if (end != LineEnd.Entered)
            {
                return;
            }

            arguments.Add(Secret(password));
        }

        shell.RunCommand(command.Name, arguments);
    }

    /// <summary>Goes on reading while the text is a PowerShell statement that is not closed yet.</summary>
    private string? Complete(string text)
    {
        while (true)
        {
            Parser.ParseInput(text, out _, out var errors);
            if (!errors.Any(error => error.IncompleteInput))
            {
                return text;
            }

            var (more, end) = ReadLine(Continuation);
            switch (end)
            {
                case LineEnd.Interrupted:
                    return null;
                case LineEnd.EndOfInput:
                    // The engine tells what is missing.
                    return text;
            }

            text += "\n" + more;
        }
    }

    private (string Line, LineEnd End) ReadLine(string question)
    {
        if (_editor is null)
        {
            return Console.In.ReadLine() is { } line ? (line, LineEnd.Entered) : ("", LineEnd.EndOfInput);
        }

        var typed = shell.UserInterface.ReadTyped(_editor, question);
        if (typed.End == LineEnd.Entered)
        {
            _history.Add(HistoryPolicy.Redact(typed.Line), HistoryPolicy.MayBeKept(typed.Line));
        }

        return typed;
    }

    // The engine's state folder; what is in it is the engine's, but for this file.
    private static string HistoryFile() => Path.Combine(
        Environment.GetEnvironmentVariable("P2PSHARE_HOME") is { Length: > 0 } configured
            ? configured
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "P2PShare"),
        "history.txt");

    private static SecureString Secret(string word)
    {
        var secret = new SecureString();
        foreach (var character in word)
        {
            secret.AppendChar(character);
        }

        secret.MakeReadOnly();
        return secret;
    }
}
