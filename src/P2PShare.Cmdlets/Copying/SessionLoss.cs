using System.Runtime.ExceptionServices;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// Keeps this process alive when the process at the other end of a session over SSH is killed: PowerShell's transport reports the loss, and then
/// closes a pipe that is broken, on a thread of its own where nobody catches what that throws.
/// </summary>
internal static class SessionLoss
{
    private const string Transport = "System.Management.Automation.Remoting.Client.SSHClientSessionTransportManager.CloseConnection";

    private static int _isSurvived;

    /// <summary>From now on that exception ends its thread, and not the process; all others do what they did.</summary>
    public static void Survive()
    {
        if (Interlocked.Exchange(ref _isSurvived, 1) == 1)
        {
            return;
        }

        try
        {
            ExceptionHandling.SetUnhandledExceptionHandler(IsOfTransport);
        }
        catch (InvalidOperationException)
        {
            // A process has one handler, and the host has its own.
        }
    }

    private static bool IsOfTransport(Exception exception) =>
        exception is IOException && exception.StackTrace?.Contains(Transport, StringComparison.Ordinal) == true;
}
