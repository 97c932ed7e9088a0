using System.Management.Automation.Language;
using System.Security;
using P2PShare.Shell.Hosting;

namespace P2PShare.Shell.Commands;

/// <summary>Reads commands line by line, from a terminal or from standard input, until its end or <c>exit</c>.</summary>
internal sealed class CommandPrompt(ShellRunspace shell, TrackerChoice tracker)
{
    private const string Question = "p2pshare> ";
    private const string Continuation = ">> ";

    private readonly bool _typed = !Console.IsInputRedirected;

    public void Run()
    {
        shell.UserInterface.CommandsComeFromInput = true;
        if (_typed)
        {
            shell.UserInterface.WriteLine($"Tracker: {tracker.Address}. Make an account with create_user, or log in.");
            shell.RunCommand("help", []);
        }

        while (!shell.Ending)
        {
            var line = ReadLine(Question, out var interrupted);
            if (line is null)
            {
                if (interrupted)
                {
                    continue;
                }

                return;
            }

            Execute(line);
        }
    }

    private void Execute(string line)
    {
        var name = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        if (name is null or ['#', ..])
        {
            return;
        }

        // exit and help are PowerShell's and a function's: nothing in them needs to be read as it stands.
        if (CommandList.All.FirstOrDefault(command => command.Name == name && command.Name is not ("exit" or "help")) is { } original)
        {
            ExecuteOriginal(original, line);
        }
        else if (Complete(line) is { } script)
        {
            shell.RunScript(script, remember: _typed);
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

        shell.RunCommand(
            command.Name,
            words.Skip(1).Select((word, index) => command.Words.ElementAtOrDefault(index) == OriginalCommand.Password ? Secret(word) : (object)word));
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

            var more = ReadLine(Continuation, out var interrupted);
            if (more is null)
            {
                // At the end of the input the engine tells what is missing.
                return interrupted ? null : text;
            }

            text += "\n" + more;
        }
    }

    private string? ReadLine(string question, out bool interrupted)
    {
        if (_typed)
        {
            return shell.UserInterface.ReadTypedLine(question, out interrupted);
        }

        interrupted = false;
        return Console.In.ReadLine();
    }

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
