using System.Management.Automation.Language;
using System.Security;
using P2PShare.Shell.Hosting;
using P2PShare.Shell.LineEditing;

namespace P2PShare.Shell.Commands;

/// <summary>Reads commands line by line, from a terminal or from standard input: the original's, and PowerShell.</summary>
internal sealed class CommandPrompt(ShellSession session, bool atTerminal)
{
    private const string Question = "p2pshare> ";
    private const string Continuation = ">> ";
    private const string Exit = "exit";

    private readonly LineHistory _history = new(atTerminal ? HistoryFile() : null);
    private LineEditor? _editor;
    private SecureString? _password;

    /// <summary>Runs the commands of standard input until its end or <c>exit</c>.</summary>
    public void RunAll(TextReader input)
    {
        // Some programs write a byte order mark before the first line.
        var isFirst = true;
        while (!session.Ending && input.ReadLine() is { } line)
        {
            Execute(isFirst ? line.TrimStart('\uFEFF') : line, input);
            isFirst = false;
        }
    }

    /// <summary>Reads a statement at the terminal.</summary>
    /// <returns>PowerShell text, without the passwords of the original's commands.</returns>
    public string ReadStatement()
    {
        if (_editor is null)
        {
            _editor = new LineEditor(new ConsoleTerminal(), _history, new LineCompletion(ShellSession.Complete).Complete);
            Console.WriteLine($"Tracker: {session.Options.Tracker!.Address}. Log in, or type help.");
        }

        session.RunCommand("Show-FinishedDownload", []);
        _password = null;
        var (line, end) = ReadLine(Question);
        if (end == LineEnd.EndOfInput)
        {
            line = Exit;
        }

        if (CommandList.Of(line) is { Name: Exit })
        {
            // The original's exit logged out too. Not logged in, or a tracker that does not answer, ends as well.
            return $"try {{ Disconnect-P2PTracker }} catch {{ }}; {line.Trim()}";
        }

        if (Original(line) is { } original)
        {
            return Translate(original, line);
        }

        if (HistoryPolicy.Redact(line) != line)
        {
            // A misspelt command that has a password: Get-History would keep it.
            var typed = CommandLineWords.FirstWord(line);
            session.Fail($"'{typed}' is not a command here. Did you mean {NearestName.Find(typed, session.KnownCommands)}?");
            return "";
        }

        return Complete(line) ?? "";
    }

    /// <summary>Returns the password of the last statement, once; null if it has none.</summary>
    public SecureString? TakePassword()
    {
        var password = _password;
        _password = null;
        return password;
    }

    // exit is PowerShell's, help a function: their arguments are PowerShell, not literal words.
    private static OriginalCommand? Original(string line) => CommandList.Of(line) is { Name: not (Exit or "help") } command ? command : null;

    private void Execute(string line, TextReader input)
    {
        if (line.TrimStart() is "" or ['#', ..])
        {
            return;
        }

        if (Original(line) is { } command)
        {
            if (Split(line) is { } words)
            {
                session.RunCommand(command.Name, words.Select((word, index) => IsPassword(command, index) ? Secret(word) : (object)word));
            }
        }
        else
        {
            while (IsIncomplete(line) && input.ReadLine() is { } more)
            {
                line += "\n" + more;
            }

            session.RunText(line);
        }
    }

    private string Translate(OriginalCommand command, string line)
    {
        if (Split(line) is not { } words)
        {
            return "";
        }

        var arguments = words.Select((word, index) => IsPassword(command, index) ? null : $"'{CodeGeneration.EscapeSingleQuotedStringContent(word)}'").ToList();
        if (arguments.IndexOf(null) is var at and >= 0)
        {
            _password = Secret(words[at]);
        }
        else if (command.IsSecret && arguments.Count == command.Words.Count - 1)
        {
            // Read-TypedPassword asks for it without showing it.
            arguments.Add(null);
        }

        return string.Join(' ', arguments.Select(argument => argument ?? "(Read-TypedPassword)").Prepend(command.Name));
    }

    private IReadOnlyList<string>? Split(string line)
    {
        try
        {
            return [.. CommandLineWords.Split(line).Skip(1)];
        }
        catch (ShellException e)
        {
            session.Fail(e.Message);
            return null;
        }
    }

    private static bool IsPassword(OriginalCommand command, int index) => command.Words.ElementAtOrDefault(index) == OriginalCommand.Password;

    private static bool IsIncomplete(string text)
    {
        Parser.ParseInput(text, out _, out var errors);
        return errors.Any(error => error.IncompleteInput);
    }

    /// <summary>Reads more lines while the text is an incomplete PowerShell statement; null after Ctrl+C.</summary>
    private string? Complete(string text)
    {
        while (IsIncomplete(text))
        {
            var (more, end) = ReadLine(Continuation);
            switch (end)
            {
                case LineEnd.Interrupted:
                    return null;
                case LineEnd.EndOfInput:
                    // PowerShell reports what is missing.
                    return text;
            }

            text += "\n" + more;
        }

        return text;
    }

    private (string Line, LineEnd End) ReadLine(string question)
    {
        // At the prompt Ctrl+C is a key; it is a signal only while a command runs.
        Console.TreatControlCAsInput = true;
        try
        {
            var typed = _editor!.Read(question);
            if (typed.End == LineEnd.Entered)
            {
                _history.Add(HistoryPolicy.Redact(typed.Line), HistoryPolicy.MayBeKept(typed.Line));
            }

            return typed;
        }
        finally
        {
            Console.TreatControlCAsInput = false;
        }
    }

    // In the engine's state folder; its other files belong to the engine.
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
