using System.ComponentModel;
using System.Diagnostics;

namespace P2PShare.Support;

/// <summary>
/// What stands before a program that a test interrupts. A script's background jobs ignore SIGINT and so does all that they
/// start (POSIX, 2.11): without this, a test run among them would wait for programs that never hear it.
/// </summary>
internal static class Interruptible
{
    private static readonly string[] DefaultSignal = ["env", "--default-signal=INT"];
    private static readonly Lazy<bool> Works = new(FindOut);

    public static string[] Wrapper => Works.Value ? DefaultSignal : [];

    // Not every env has it.
    private static bool FindOut()
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(DefaultSignal[0], [.. DefaultSignal[1..], "true"]) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
