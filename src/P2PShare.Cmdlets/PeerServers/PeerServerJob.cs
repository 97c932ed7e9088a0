using P2PShare.Cmdlets.Jobs;
using P2PShare.Transfer;

namespace P2PShare.Cmdlets.PeerServers;

/// <summary>A running peer server as a job. Its output is a <see cref="P2PUpload"/> for each upload that ended.</summary>
public sealed class PeerServerJob : P2PJob
{
    /// <summary>Default of <see cref="StopTimeout"/> in seconds.</summary>
    public const int DefaultStopTimeout = 5;

    // Beside the uploads: telling the tracker, and closing.
    private static readonly TimeSpan Closing = TimeSpan.FromSeconds(10);

    // The tracker notices by itself that a peer is gone; a shell that ends does not wait for it.
    private static readonly TimeSpan HurriedPatience = TimeSpan.FromSeconds(0.5);

    private readonly PeerServerWarnings _warnings;

    /// <param name="warnings">What the server warned of, from its start on.</param>
    internal PeerServerJob(PeerServer server, P2PSession session, string? name, PeerServerWarnings warnings)
        : base("Start-P2PPeerServer", name ?? "P2PPeerServer", "P2PPeerServer")
    {
        Server = server;
        _warnings = warnings;
        Session = session;
        Location = $"{System.Environment.MachineName}:{server.Port}";
        server.UploadFinished += upload => AddOutput(new P2PUpload(upload));
        warnings.Added += AddWarning;
        Start(RunAsync);
    }

    public override string Location { get; }

    internal override int StopRound => 1;

    internal PeerServer Server { get; }

    /// <summary>How long running uploads may continue when the server is stopped.</summary>
    internal TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(DefaultStopTimeout);

    private protected override TimeSpan StopPatience => StopTimeout + Closing;

    internal P2PSession Session { get; }

    /// <summary>What the server warned of; told once, by the next cmdlet that uses it.</summary>
    internal IEnumerable<string> TakeWarnings() => _warnings.Take();

    private async Task RunAsync(CancellationToken stop)
    {
        try
        {
            await Server.Completion.WaitAsync(stop).ConfigureAwait(false);
        }
        finally
        {
            Session.TrackerWarnings.Detach(_warnings.Add);
            await Server.StopAsync(StopTimeout, IsHurried ? HurriedPatience : null).ConfigureAwait(false);
            await Server.DisposeAsync().ConfigureAwait(false);
        }
    }
}
