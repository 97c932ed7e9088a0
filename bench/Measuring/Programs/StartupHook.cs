using System.Diagnostics;
using P2PShare.Bench.Measuring.Programs;

/// <summary>
/// Runs in the tracker's process before the tracker does (the variable DOTNET_STARTUP_HOOKS names this assembly; the runtime
/// asks for this name and no namespace): the tracker reports what it spent compiling, and ends with the process that started it.
/// </summary>
internal static class StartupHook
{
    public static void Initialize() => new Thread(Answer) { IsBackground = true }.Start();

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
