using System.Runtime.InteropServices;

namespace P2PShare.Bench.Measuring.Processes;

/// <summary>The signals that <see cref="System.Diagnostics.Process"/> does not send.</summary>
internal static class Signal
{
    private const int SigTerm = 15;

    /// <summary>Asks a process to end; does nothing on Windows, and if there is no such process.</summary>
    public static void Terminate(int id)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Kill(id, SigTerm);
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int id, int signal);
}
