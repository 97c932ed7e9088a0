using System.Management.Automation;
using System.Reflection;
using P2PShare.Shell;
using P2PShare.Shell.Commands;
using P2PShare.Shell.Demo;
using P2PShare.Shell.Hosting;

const int CommandFailed = 1;
const int UsageWrong = 2;

try
{
    var options = Options.Parse(args);
    switch (options.Mode)
    {
        case Mode.Help:
            Console.WriteLine(Options.Usage);
            return 0;
        case Mode.Version:
            Console.WriteLine($"p2pshare {typeof(Options).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}");
            return 0;
        case Mode.Demo:
            return await DemoRun.RunAsync(options.Text, ModuleLocation.Find(options.Module)).ConfigureAwait(false);
        default:
            return await RunShellAsync(options).ConfigureAwait(false);
    }
}
catch (UsageException e)
{
    Console.Error.WriteLine($"Error: {e.Message} 'p2pshare --help' shows how it is used.");
    return UsageWrong;
}
catch (Exception e) when (e is ShellException or RuntimeException)
{
    Console.Error.WriteLine($"Error: {e.Message}");
    return CommandFailed;
}

static async Task<int> RunShellAsync(Options options)
{
    var module = ModuleLocation.Find(options.Module);
    if (options.Tracker is { } tracker)
    {
        await tracker.CheckAsync(CancellationToken.None).ConfigureAwait(false);
    }

    var atPrompt = options.Mode == Mode.Prompt && !Console.IsInputRedirected;
    using var shell = ShellRunspace.Open(new ConsoleUserInterface(), module, options.Tracker, atPrompt);
    using var signals = new ShellSignals(shell, atPrompt);
    switch (options)
    {
        case { Mode: Mode.Command }:
            shell.RunScript(options.Text!);
            break;
        case { Mode: Mode.File, Echo: { } name }:
            ScriptRun.RunEchoed(shell, options.Text!, name);
            break;
        case { Mode: Mode.File }:
            ScriptRun.Run(shell, options.Text!, options.Arguments);
            break;
        default:
            new CommandPrompt(shell, options.Tracker!).Run();
            break;
    }

    shell.Finish();
    return shell.ExitCode ?? (shell.Failed && !atPrompt ? CommandFailed : 0);
}
