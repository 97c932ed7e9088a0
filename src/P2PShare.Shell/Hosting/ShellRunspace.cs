using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using P2PShare.Shell.Commands;

namespace P2PShare.Shell.Hosting;

/// <summary>A PowerShell engine with the P2PShare module imported, which prints what its commands give.</summary>
internal sealed class ShellRunspace : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Runspace _runspace;
    private PowerShell? _running;
    private int? _endCode;
    private bool _finished;

    private ShellRunspace(ConsoleUserInterface userInterface)
    {
        UserInterface = userInterface;
        Host = new ConsoleHost(userInterface);
        var state = InitialSessionState.CreateDefault2();
        if (OperatingSystem.IsWindows())
        {
            // The default where PowerShell is not installed refuses every script, the module's own files too.
            state.ExecutionPolicy = Microsoft.PowerShell.ExecutionPolicy.RemoteSigned;
        }

        _runspace = RunspaceFactory.CreateRunspace(Host, state);
        _runspace.Open();
    }

    public ConsoleHost Host { get; }

    public ConsoleUserInterface UserInterface { get; }

    /// <summary>Names of the original's commands and the module's cmdlets.</summary>
    public IReadOnlyList<string> KnownCommands { get; private set; } = [];

    /// <summary>Whether any command so far wrote an error.</summary>
    public bool Failed { get; private set; }

    /// <summary>Whether the program was asked to end.</summary>
    public bool Ending => ExitCode is not null;

    /// <summary>What a signal or <c>exit</c> made the exit code; null where neither did.</summary>
    public int? ExitCode => _endCode ?? Host.RequestedExitCode;

    /// <summary>Makes the engine and imports the module and this program's own commands.</summary>
    /// <param name="moduleManifest">Full path of P2PShare.psd1.</param>
    /// <param name="tracker">Null where none was given.</param>
    /// <param name="typed">Whether a person types commands at a prompt.</param>
    /// <exception cref="RuntimeException">The module cannot be imported.</exception>
    public static ShellRunspace Open(ConsoleUserInterface userInterface, string moduleManifest, TrackerChoice? tracker, bool typed)
    {
        var shell = new ShellRunspace(userInterface);
        try
        {
            var module = (PSModuleInfo)shell.Prepare(powerShell => powerShell
                .AddCommand("Import-Module").AddParameter("Name", moduleManifest).AddParameter("PassThru")).Single().BaseObject;
            shell.KnownCommands = [.. CommandList.All.Select(command => command.Name), .. module.ExportedCmdlets.Keys];
            shell.Prepare(powerShell => AddModule(powerShell, "Basics"));
            shell.Prepare(powerShell => AddModule(powerShell, "OriginalCommands").AddParameter("ArgumentList", new object?[] { tracker, CommandList.All, typed }));
            return shell;
        }
        catch
        {
            shell.Dispose();
            throw;
        }
    }

    /// <summary>Runs a script's text.</summary>
    /// <returns>False where an error was written, or the person stopped it.</returns>
    /// <param name="argument">What it has as <c>$args[0]</c>; null: nothing.</param>
    /// <param name="remember">Whether Get-History shows it.</param>
    public bool RunScript(string text, object? argument = null, bool remember = false) => Run(
        powerShell =>
        {
            powerShell.AddScript(text);
            if (argument is not null)
            {
                powerShell.AddArgument(argument);
            }
        },
        remember);

    /// <summary>Runs one command whose arguments are values as they are, not PowerShell.</summary>
    public bool RunCommand(string name, IEnumerable<object> arguments) => Run(
        powerShell =>
        {
            powerShell.AddCommand(name);
            foreach (var argument in arguments)
            {
                powerShell.AddArgument(argument);
            }
        },
        remember: false);

    /// <summary>What PowerShell itself could complete at a place of a line; null where it does not know.</summary>
    public CommandCompletion? Complete(string line, int cursor)
    {
        try
        {
            using var powerShell = PowerShell.Create(_runspace);
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
        UserInterface.WriteErrorLine($"Error: {message}");
    }

    /// <summary>Stops the running command, if there is one.</summary>
    public void Interrupt()
    {
        lock (_gate)
        {
            _running?.BeginStop(null, null);
        }
    }

    /// <summary>Has the program end: stops the running command, or, where it waits for input, ends at once.</summary>
    public void End(int exitCode)
    {
        lock (_gate)
        {
            var askedBefore = _endCode is not null;
            _endCode ??= exitCode;
            if (_running is not null && !askedBefore)
            {
                _running.BeginStop(null, null);
                return;
            }

            if (askedBefore)
            {
                Environment.Exit(exitCode);
            }
        }

        // A read of standard input cannot be given up.
        Finish();
        Environment.Exit(exitCode);
    }

    /// <summary>Logs out, as the original's <c>exit</c> did, and closes the engine.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            if (!_finished)
            {
                _finished = true;
                LogOut();
                _runspace.Close();
            }
        }
    }

    public void Dispose() => _runspace.Dispose();

    private static PowerShell AddModule(PowerShell powerShell, string name) => powerShell.AddCommand("New-Module")
        .AddParameter("Name", "P2PShare.Shell." + name)
        .AddParameter("ScriptBlock", ScriptBlock.Create(EmbeddedText.Read(name + ".psm1")));

    private Collection<PSObject> Prepare(Action<PowerShell> build)
    {
        using var powerShell = PowerShell.Create(_runspace);
        build(powerShell);
        powerShell.AddParameter("ErrorAction", ActionPreference.Stop);
        return powerShell.Invoke();
    }

    private void LogOut()
    {
        try
        {
            using var powerShell = PowerShell.Create(_runspace);
            powerShell.AddCommand("Disconnect-P2PTracker").AddParameter("ErrorAction", ActionPreference.Ignore).Invoke();
        }
        catch (Exception e) when (e is RuntimeException or InvalidOperationException)
        {
            // Not logged in, or the tracker is gone: it forgets this peer by itself.
        }
    }

    private bool Run(Action<PowerShell> build, bool remember)
    {
        var succeeded = true;
        void Report(ErrorRecord error)
        {
            succeeded = false;
            Failed = true;
            UserInterface.WriteErrorLine(ErrorText.Describe(error, KnownCommands));
        }

        using var powerShell = PowerShell.Create(_runspace);
        build(powerShell);
        powerShell.AddCommand("Out-Default");
        powerShell.Streams.Error.DataAdded += (_, added) => Report(powerShell.Streams.Error[added.Index]);
        lock (_gate)
        {
            _running = powerShell;
        }

        try
        {
            powerShell.Invoke(null, new PSInvocationSettings { AddToHistory = remember });
        }
        catch (PipelineStoppedException)
        {
            Failed = true;
            succeeded = false;
        }
        catch (RuntimeException e)
        {
            Report(e.ErrorRecord);
        }
        finally
        {
            lock (_gate)
            {
                _running = null;
            }

            UserInterface.ClearProgress();
        }

        return succeeded;
    }
}
