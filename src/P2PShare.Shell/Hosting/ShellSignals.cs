using System.Runtime.InteropServices;

namespace P2PShare.Shell.Hosting;

/// <summary>
/// A request to end (SIGTERM, a closed terminal) ends the program; so does Ctrl+C, except at a prompt, where the console host stops the
/// running command for it.
/// </summary>
internal sealed class ShellSignals : IDisposable
{
    // What a shell reports of a process that a signal ended: 128 plus the signal's number.
    private const int Interrupted = 130;
    private const int HungUp = 129;
    private const int Terminated = 143;

    private readonly List<PosixSignalRegistration> _registrations = [];

    public ShellSignals(ShellSession session, bool atPrompt)
    {
        if (!atPrompt)
        {
            On(PosixSignal.SIGINT, () => session.End(Interrupted));
        }

        On(PosixSignal.SIGTERM, () => session.End(Terminated));
        On(PosixSignal.SIGHUP, () => session.End(HungUp));
    }

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    private void On(PosixSignal signal, Action act) => _registrations.Add(PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        act();
    }));
}
