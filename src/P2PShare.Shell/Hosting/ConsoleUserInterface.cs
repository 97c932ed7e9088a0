using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;
using P2PShare.Shell.LineEditing;

namespace P2PShare.Shell.Hosting;

/// <summary>Text to and from the console. Errors and warnings go to standard error.</summary>
internal sealed class ConsoleUserInterface : PSHostUserInterface
{
    private const string Red = "\e[91m";
    private const string Yellow = "\e[93m";
    private const string Plain = "\e[0m";

    private static readonly bool ColourWanted =
        string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")) && Environment.GetEnvironmentVariable("TERM") != "dumb";

    private readonly Lock _gate = new();
    private readonly ConsoleRawUserInterface _raw = new();
    private readonly ProgressDisplay _progress;
    private readonly LineEditor _answers = new(new ConsoleTerminal());
    private string _unfinishedLine = "";

    public ConsoleUserInterface() => _progress = new ProgressDisplay(Console.Out, SupportsVirtualTerminal, () => RawUI.WindowSize.Width, () => Spoken);

    public override PSHostRawUserInterface RawUI => _raw;

    public override bool SupportsVirtualTerminal => ColourWanted && !Console.IsOutputRedirected;

    /// <summary>Whether the commands themselves come from standard input, so that nothing else may be read from it.</summary>
    public bool CommandsComeFromInput { get; set; }

    /// <summary>Name at the start of every line, where several shells share a console; else empty.</summary>
    public string Speaker
    {
        get;
        set
        {
            field = value;
            _raw.ReservedWidth = Spoken.Length;
        }
    } = "";

    public override string ReadLine()
    {
        RefuseWhereCommandsWouldBeRead("a line of text");
        return Console.IsInputRedirected ? Console.In.ReadLine() ?? "" : ReadAnswer(hidden: false);
    }

    public override SecureString ReadLineAsSecureString()
    {
        RefuseWhereCommandsWouldBeRead("a password");
        var secret = new SecureString();
        foreach (var character in Console.IsInputRedirected ? Console.In.ReadLine() ?? "" : ReadAnswer(hidden: true))
        {
            secret.AppendChar(character);
        }

        secret.MakeReadOnly();
        return secret;
    }

    public override void Write(string value) => Put(Console.Out, Text(value));

    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value) => Put(Console.Out, Text(value));

    public override void WriteLine(string value)
    {
        // A shared console needs no blank lines to set tables apart.
        if (Speaker.Length == 0 || !string.IsNullOrWhiteSpace(value))
        {
            Put(Console.Out, Spoken + Text(value) + Environment.NewLine);
        }
    }

    /// <summary>Shows a line of a script before it runs.</summary>
    public void Echo(string line) => Put(Console.Out, $"{Speaker}> {line}{Environment.NewLine}");

    public override void WriteErrorLine(string value) => PutColoured(Red, value);

    public override void WriteWarningLine(string message) => PutColoured(Yellow, "Warning: " + message);

    public override void WriteVerboseLine(string message) => PutColoured(Yellow, "Verbose: " + message);

    public override void WriteDebugLine(string message) => PutColoured(Yellow, "Debug: " + message);

    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        lock (_gate)
        {
            _progress.Show(record);
        }
    }

    /// <summary>Takes away what is left of a progress line, as when a command ended.</summary>
    public void ClearProgress()
    {
        lock (_gate)
        {
            _progress.Clear();
        }
    }

    public override Dictionary<string, PSObject> Prompt(string caption, string message, Collection<FieldDescription> descriptions)
    {
        RefuseWhereCommandsWouldBeRead(string.Join(", ", descriptions.Select(field => field.Name)));
        WriteHeading(caption, message);
        var answers = new Dictionary<string, PSObject>();
        foreach (var field in descriptions)
        {
            var type = LanguagePrimitives.TryConvertTo<Type>(field.ParameterAssemblyFullName, out var known)
                ? known
                : LanguagePrimitives.TryConvertTo<Type>(field.ParameterTypeFullName, out known) ? known : typeof(string);
            object answer = type == typeof(PSCredential) ? PromptForCredential("", field.HelpMessage, "", "")
                : type == typeof(SecureString) ? AskSecret($"{field.Name}: ")
                : LanguagePrimitives.ConvertTo(Ask($"{field.Name}: "), type, CurrentCulture);
            answers.Add(field.Name, PSObject.AsPSObject(answer));
        }

        return answers;
    }

    public override int PromptForChoice(string caption, string message, Collection<ChoiceDescription> choices, int defaultChoice)
    {
        if (Console.IsInputRedirected)
        {
            throw new HostException(
                $"{message} Nobody can be asked, because input does not come from a terminal: say it beforehand, with -Confirm:$false or -Force.");
        }

        WriteHeading(caption, message);
        var labels = choices.Select(choice => choice.Label.Replace("&", "", StringComparison.Ordinal)).ToArray();
        var keys = choices.Select(choice => Key(choice.Label)).ToArray();
        var question = string.Join("  ", keys.Zip(labels, (key, label) => $"[{key}] {label}"))
            + (defaultChoice >= 0 ? $" (default is {keys[defaultChoice]}): " : ": ");
        while (true)
        {
            var answer = Ask(question).Trim();
            if (answer.Length == 0 && defaultChoice >= 0)
            {
                return defaultChoice;
            }

            var chosen = Array.FindIndex(keys, key => key.Equals(answer, StringComparison.OrdinalIgnoreCase));
            chosen = chosen >= 0 ? chosen : Array.FindIndex(labels, label => label.Equals(answer, StringComparison.OrdinalIgnoreCase));
            if (chosen >= 0)
            {
                return chosen;
            }
        }
    }

    public override PSCredential PromptForCredential(string caption, string message, string userName, string targetName) =>
        PromptForCredential(caption, message, userName, targetName, PSCredentialTypes.Default, PSCredentialUIOptions.Default);

    public override PSCredential PromptForCredential(
        string caption,
        string message,
        string userName,
        string targetName,
        PSCredentialTypes allowedCredentialTypes,
        PSCredentialUIOptions options)
    {
        RefuseWhereCommandsWouldBeRead("a password");
        WriteHeading(caption, message);
        var name = string.IsNullOrEmpty(userName) ? Ask("User: ") : userName;
        return new PSCredential(name, AskSecret($"Password of {name}: "));
    }

    /// <summary>Reads a line that a person types.</summary>
    public (string Line, LineEnd End) ReadTyped(LineEditor editor, string prompt, bool hidden = false)
    {
        ClearProgress();
        // At a prompt it is a key; only while a command runs it is a signal.
        Console.TreatControlCAsInput = true;
        try
        {
            return editor.Read(prompt, hidden);
        }
        finally
        {
            Console.TreatControlCAsInput = false;
            _unfinishedLine = "";
        }
    }

    private string Spoken => Speaker.Length > 0 ? Speaker + "| " : "";

    private static System.Globalization.CultureInfo CurrentCulture => System.Globalization.CultureInfo.CurrentCulture;

    // Tables come with colours, which only a terminal shows as such.
    private string Text(string value) => GetOutputString(value, SupportsVirtualTerminal);

    private static string Key(string label)
    {
        var at = label.IndexOf('&', StringComparison.Ordinal);
        return at >= 0 && at + 1 < label.Length ? label.Substring(at + 1, 1) : label;
    }

    private string Ask(string question)
    {
        ShowQuestion(question);
        return ReadLine();
    }

    private SecureString AskSecret(string question)
    {
        ShowQuestion(question);
        return ReadLineAsSecureString();
    }

    // Nobody reads a question whose answer comes from a file.
    private void ShowQuestion(string question)
    {
        if (!Console.IsInputRedirected)
        {
            Write(question);
        }
    }

    private void WriteHeading(string caption, string message)
    {
        foreach (var line in new[] { caption, message })
        {
            if (!string.IsNullOrEmpty(line) && !Console.IsInputRedirected)
            {
                WriteLine(line);
            }
        }
    }

    // Goes on behind the question, which may have been written as text before.
    private string ReadAnswer(bool hidden) => ReadTyped(_answers, _unfinishedLine, hidden) switch
    {
        (_, LineEnd.Interrupted) => throw new PipelineStoppedException(),
        (_, LineEnd.EndOfInput) => throw new HostException("The input ended where an answer was expected."),
        (var line, _) => line,
    };

    private void RefuseWhereCommandsWouldBeRead(string wanted)
    {
        if (CommandsComeFromInput && Console.IsInputRedirected)
        {
            throw new HostException($"This needs {wanted}, and nobody can be asked: the commands come from standard input. Give it as an argument.");
        }
    }

    private void PutColoured(string colour, string text)
    {
        text = Spoken + text;
        var coloured = ColourWanted && !Console.IsErrorRedirected ? colour + text + Plain : text;
        Put(Console.Error, coloured + Environment.NewLine);
    }

    private void Put(TextWriter writer, string text)
    {
        lock (_gate)
        {
            _progress.Clear();
            writer.Write(text);
            _unfinishedLine = text.LastIndexOf('\n') is var end and >= 0 ? text[(end + 1)..] : _unfinishedLine + text;
        }
    }
}
