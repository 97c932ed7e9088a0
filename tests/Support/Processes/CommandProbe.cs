using System.ComponentModel;
using System.Diagnostics;

namespace P2PShare.Support;

/// <summary>Finds out what this machine can do.</summary>
internal static class CommandProbe
{
    /// <summary>Whether a command exists and ends with exit code 0.</summary>
    public static bool Succeeds(params string[] command)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
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
