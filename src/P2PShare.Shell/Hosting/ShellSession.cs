using System.Management.Automation;
using System.Management.Automation.Runspaces;
using Microsoft.PowerShell;
using P2PShare.Shell.Commands;

namespace P2PShare.Shell.Hosting;

/// <summary>
/// One run of PowerShell's console host with the P2PShare module and the original's commands. At a terminal the host reads lines by
/// <see cref="ReadShellLine"/> and runs them as pwsh does; otherwise the host runs <see cref="InvokeShellRun"/>, and this type runs the
/// statements of standard input, a file or a text, so that an error of any of them decides the exit code.
/// </summary>
internal sealed class ShellSession
{
    private const int CommandFailed = 1;

    // At a terminal the line editor writes the prompt; the host replaces an empty text by its own.
    private const string NoPrompt = "\"`e[0m\"";

    private readonly Options _options;
    private readonly string _module;
    private readonly bool _atPrompt;
    private readonly Lock _gate = new();
    private readonly TextReader _input = Console.In;
    private Runspace? _runspace;
    private PowerShell? _running;
    private bool _prepared;

    private ShellSession(Options options, string module)
    {
        _options = options;
        _module = module;
        _atPrompt = options.Mode == Mode.Prompt && !Console.IsInputRedirected;
        Prompt = new CommandPrompt(this, _atPrompt);
    }

    /// <summary>The session of this process.</summary>
    public static ShellSession Current { get; private set; } = null!;

    public CommandPrompt Prompt { get; }

    public Options Options => _options;

    /// <summary>Names of the original's commands and the module's cmdlets.</summary>
    public IReadOnlyList<string> KnownCommands { get; private set; } = [];

    /// <summary>Whether any command so far wrote an error.</summary>
    public bool Failed { get; private set; }

    /// <summary>Whether <c>exit</c> ran or a signal asked the program to end.</summary>
    public bool Ending => (ExitCode ?? EndCode) is not null;

    /// <summary>What a statement gave to <c>exit</c>; null if none ran it.</summary>
    public int? ExitCode { get; private set; }

    /// <summary>The exit code that a signal chose; null if none came.</summary>
    public int? EndCode { get; private set; }

    /// <summary>Runs the console host until it ends.</summary>
    /// <param name="module">Full path of P2PShare.psd1.</param>
    /// <returns>The exit code.</returns>
    public static int Run(Options options, string module)
    {
        // Not set by the person: this program reports nothing to PowerShell's makers.
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        Environment.SetEnvironmentVariable("POWERSHELL_UPDATECHECK", "Off");
        var session = Current = new ShellSession(options, module);
        var state = InitialSessionState.CreateDefault2();
        var arguments = new List<string> { "-NoProfile", "-NoLogo" };
        if (OperatingSystem.IsWindows())
        {
            // The default without an installed PowerShell refuses every script, the module's own files too.
            arguments.AddRange(["-ExecutionPolicy", "RemoteSigned"]);
        }

        if (session._atPrompt)
        {
            state.Commands.Add(new SessionStateCmdletEntry("Read-ShellLine", typeof(ReadShellLine), null));
            state.Commands.Add(new SessionStateCmdletEntry("Read-TypedPassword", typeof(ReadTypedPassword), null));
            state.Commands.Add(new SessionStateFunctionEntry("PSConsoleHostReadLine", "Read-ShellLine"));
            state.Commands.Add(new SessionStateFunctionEntry("prompt", NoPrompt));
        }
        else
        {
            state.Commands.Add(new SessionStateCmdletEntry("Invoke-ShellRun", typeof(InvokeShellRun), null));
            // The host would read standard input for the command; it is the script's, or has the commands.
            Console.SetIn(TextReader.Null);
            arguments.AddRange(options.Mode == Mode.Prompt ? ["-NonInteractive"] : []);
            arguments.AddRange(["-Command", "$input | Invoke-ShellRun"]);
        }

        using var signals = new ShellSignals(session, session._atPrompt);
        var code = ConsoleShell.Start(state, bannerText: "", helpText: "", [.. arguments]);
        return session.EndCode ?? code;
    }

    /// <summary>Imports the module and this program's own commands, and checks the tracker; only once.</summary>
    /// <returns>False if that failed; the error is written.</returns>
    public bool Prepare()
    {
        if (_prepared)
        {
            return true;
        }

        _runspace = Runspace.DefaultRunspace;
        Console.SetIn(_input);
        if (Console.IsOutputRedirected)
        {
            PSStyle.Instance.OutputRendering = OutputRendering.PlainText;
        }

        try
        {
            var module = (PSModuleInfo)Invoke(powerShell => powerShell
                .AddCommand("Import-Module").AddParameter("Name", _module).AddParameter("PassThru")).Single().BaseObject;
            KnownCommands = [.. CommandList.All.Select(command => command.Name), .. module.ExportedCmdlets.Keys];
            Invoke(powerShell => powerShell.AddCommand("New-Module")
                .AddParameter("Name", "P2PShare.Shell.OriginalCommands")
                .AddParameter("ScriptBlock", ScriptBlock.Create(EmbeddedText.Read("OriginalCommands.psm1")))
                .AddParameter("ArgumentList", new object?[] { _options.Tracker, CommandList.All, _atPrompt }));
            if (_options.Tracker is { } tracker)
            {
                var addresses = Invoke(powerShell => powerShell.AddScript("[P2PShare.TrackerAddresses]::Read($args[0])").AddArgument(tracker.InfoFile));
                tracker.RequireReachable([.. addresses.Select(address => (string)address.BaseObject)]);
            }

            return _prepared = true;
        }
        catch (Exception e) when (e is RuntimeException or ShellException)
        {
            Fail(e is MethodInvocationException { InnerException: { } inner } ? inner.Message : e.Message);
            return false;
        }
    }

    /// <summary>Does what the command line asks for, and passes the exit code to the host.</summary>
    public void RunAll(Action<int> setExitCode)
    {
        if (Prepare())
        {
            switch (_options)
            {
                case { Mode: Mode.Command }:
                    RunText(_options.Text!);
                    break;
                case { Mode: Mode.File, Echo: { } name }:
                    ScriptRun.RunEchoed(this, _options.Text!, name);
                    break;
                case { Mode: Mode.File }:
                    ScriptRun.Run(this, _options.Text!, _options.Arguments);
                    break;
                default:
                    Prompt.RunAll(_input);
                    break;
            }

            LogOut();
        }

        setExitCode(ExitCode ?? (Failed ? CommandFailed : 0));
    }

    /// <summary>Runs PowerShell text.</summary>
    /// <returns>False if an error was written, or the person stopped it.</returns>
    public bool RunText(string text, string? echoName = null)
    {
        ScriptBlock block;
        try
        {
            block = ScriptBlock.Create(text);
        }
        catch (ParseException e)
        {
            // The message repeats the lines around the mistake; what was typed may hold a password.
            Fail(string.Join(" ", e.Errors.Select(mistake => mistake.Message)));
            return false;
        }

        return RunBlock(block, ". $args[0]", echoName);
    }

    /// <summary>Runs a script block.</summary>
    /// <param name="invocation">The PowerShell that invokes <c>$args[0]</c>.</param>
    /// <param name="echoName">A name: each line of output begins with it.</param>
    public bool RunBlock(ScriptBlock block, string invocation, string? echoName = null)
    {
        // 'exit' ends a nested pipeline without an exception, and so without this mark; 'break' leaves the loop only.
        var returned = new PSReference(false);
        var result = Run(
            powerShell => powerShell.AddScript($"do {{ {invocation} }} while ($false); $args[1].Value = $true").AddArgument(block).AddArgument(returned),
            echoName);
        if (result == Outcome.Returned && returned.Value is false)
        {
            ExitCode = LanguagePrimitives.ConvertTo<int>(Invoke(powerShell => powerShell.AddScript("$global:LASTEXITCODE")).Single());
        }

        return result == Outcome.Returned && !Failed;
    }

    /// <summary>Runs one command whose arguments are values as they are, not PowerShell.</summary>
    public void RunCommand(string name, IEnumerable<object> arguments) => Run(
        powerShell =>
        {
            powerShell.AddCommand(name);
            foreach (var argument in arguments)
            {
                powerShell.AddArgument(argument);
            }
        },
        echoName: null);

    /// <summary>What PowerShell itself could complete at a place of a line; null if it does not know.</summary>
    public static CommandCompletion? Complete(string line, int cursor)
    {
        try
        {
            using var powerShell = PowerShell.Create(RunspaceMode.CurrentRunspace);
            powerShell.AddCommand("TabExpansion2").AddParameter("inputScript", line).AddParameter("cursorColumn", cursor);
            return powerShell.Invoke<CommandCompletion>().FirstOrDefault();
        }
        catch (RuntimeException)
        {
            return null;
        }
    }

    /// <summary>Reports a fault of the line itself, as of a command.</summary>
    public void Fail(string message)
    {
        Failed = true;
        Console.Error.WriteLine($"Error: {message}");
    }

    /// <summary>Ends the program for a signal: stops the running command, or, if the program waits for input, ends at once.</summary>
    public void End(int exitCode)
    {
        lock (_gate)
        {
            var askedBefore = EndCode is not null;
            EndCode ??= exitCode;
            if (_running is not null && !askedBefore)
            {
                _running.BeginStop(null, null);
                return;
            }
        }

        // A read of standard input cannot be given up. The module ends what it started when the runspace begins to close.
        _runspace?.CloseAsync();
        Environment.Exit(exitCode);
    }

    private enum Outcome
    {
        Returned,
        Threw,
        Stopped,
    }

    private static System.Collections.ObjectModel.Collection<PSObject> Invoke(Action<PowerShell> build)
    {
        using var powerShell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        build(powerShell);
        var output = powerShell.Invoke();
        return powerShell.HadErrors ? throw powerShell.Streams.Error[0].Exception : output;
    }

    // As the original's exit did.
    private static void LogOut()
    {
        try
        {
            using var powerShell = PowerShell.Create(RunspaceMode.CurrentRunspace);
            powerShell.AddCommand("Disconnect-P2PTracker").AddParameter("ErrorAction", ActionPreference.Ignore).Invoke();
        }
        catch (RuntimeException)
        {
            // Not logged in, or the tracker is unavailable: it forgets this peer by itself.
        }
    }

    private void Report(ErrorRecord error)
    {
        Failed = true;
        Console.Error.WriteLine(ErrorText.Describe(error, KnownCommands));
    }

    private Outcome Run(Action<PowerShell> build, string? echoName)
    {
        using var powerShell = PowerShell.Create(RunspaceMode.CurrentRunspace);
        build(powerShell);
        using var output = new PSDataCollection<PSObject>();
        if (echoName is null)
        {
            powerShell.AddCommand("Out-Default");
        }
        else
        {
            powerShell.AddCommand("Out-String").AddParameter("Stream");
            output.DataAdded += (_, added) => ScriptRun.WriteEchoed(echoName, $"{output[added.Index]}");
        }

        powerShell.Streams.Error.DataAdded += (_, added) => Report(powerShell.Streams.Error[added.Index]);
        lock (_gate)
        {
            _running = powerShell;
        }

        try
        {
            powerShell.Invoke<PSObject>(null, output, null);
            return Outcome.Returned;
        }
        catch (PipelineStoppedException)
        {
            Failed = true;
            return Outcome.Stopped;
        }
        catch (RuntimeException e)
        {
            Report(e.ErrorRecord);
            return Outcome.Threw;
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
            }
        }
    }
}
