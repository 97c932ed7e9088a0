using System.Runtime.InteropServices;

namespace P2PShare.Support;

/// <summary>Signals to processes on Unix systems.</summary>
internal static partial class ProcessSignal
{
    public const int Interrupt = 2;
    public const int Terminate = 15;

    /// <param name="processId">Negative: all processes of that group.</param>
    public static void Send(int processId, int signal) => Assert.Equal(0, Kill(processId, signal));

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int processId, int signal);
}
