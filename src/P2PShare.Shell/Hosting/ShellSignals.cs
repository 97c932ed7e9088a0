using System.Runtime.InteropServices;

namespace P2PShare.Shell.Hosting;

/// <summary>
/// Ctrl+C stops the running command. A request to end (SIGTERM, a closed terminal), or Ctrl+C where nobody types at a prompt, ends the
/// program after it logged out.
/// </summary>
internal sealed class ShellSignals : IDisposable
{
    // What a shell reports of a process that a signal ended: 128 and the signal's number.
    private const int Interrupted = 130;
    private const int HungUp = 129;
    private const int Terminated = 143;

    private readonly List<PosixSignalRegistration> _registrations = [];

    public ShellSignals(ShellRunspace shell, bool atPrompt)
    {
        On(PosixSignal.SIGINT, () =>
        {
            if (atPrompt)
            {
                shell.Interrupt();
            }
            else
            {
                shell.End(Interrupted);
            }
        });
        On(PosixSignal.SIGTERM, () => shell.End(Terminated));
        On(PosixSignal.SIGHUP, () => shell.End(HungUp));
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void On(PosixSignal signal, Action act) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        act();
    }));
}
