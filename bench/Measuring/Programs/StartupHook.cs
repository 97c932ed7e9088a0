using System.Diagnostics;
using P2PShare.Bench.Measuring.Programs;

/// <summary>
/// Runs in a process before its program does (the variable DOTNET_STARTUP_HOOKS names this assembly; the runtime
/// asks for this name and no namespace): the process reports what it spent compiling, in a folder when it ends, or in lines, and then ends with the process that started it.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        if (CompilingTime.Folder is { } folder)
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => CompilingTime.WriteTo(folder);
        }
        else
        {
            new Thread(Answer) { IsBackground = true }.Start();
        }
    }

    private static void Answer()
    {
        while (Console.In.ReadLine() is not null)
        {
            Console.Out.WriteLine(CompilingTime.Line());
        }

        using var process = Process.GetCurrentProcess();
        process.Kill();
    }
}
