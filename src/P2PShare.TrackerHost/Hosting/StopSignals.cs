using System.Runtime.InteropServices;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>SIGTERM and SIGINT (Ctrl+C): the first one stops the program, a second one does not wait for balancers.</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _hurry = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public StopSignals()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Terminate);
    }

    /// <summary>Canceled by the first signal.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Canceled by the second.</summary>
    public CancellationToken Hurrying => _hurry.Token;

    /// <summary>Whether Ctrl+C is ignored: a terminal sends it to every process that it started, also to one that ends with its standard input.</summary>
    public bool IgnoresInterrupt { get; set; }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _hurry.Dispose();
        _stop.Dispose();
    }

    private void Interrupt(PosixSignalContext context)
    {
        if (!IgnoresInterrupt)
        {
            Terminate(context);
        }

        context.Cancel = true;
    }

    private void Terminate(PosixSignalContext context)
    {
        context.Cancel = true;
        (_stop.IsCancellationRequested ? _hurry : _stop).Cancel();
    }
}
