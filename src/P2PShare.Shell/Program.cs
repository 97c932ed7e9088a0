using System.Reflection;
using P2PShare.Shell;
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
            return ShellSession.Run(options, ModuleLocation.Find(options.Module));
    }
}
catch (UsageException e)
{
    Console.Error.WriteLine($"Error: {e.Message} 'p2pshare --help' shows how it is used.");
    return UsageWrong;
}
catch (ShellException e)
{
    Console.Error.WriteLine($"Error: {e.Message}");
    return CommandFailed;
}
