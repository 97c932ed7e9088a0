using System.Net;
using System.Security;
using System.Security.Cryptography;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Cmdlets.Copying;

/// <summary>One side of a copy as a peer: an account that lives as long as the copy, its session at the sender's tracker, and its peer server.</summary>
internal sealed class CopyPeer : IAsyncDisposable
{
    private CopyPeer(TrackerSession tracker, PeerServer server) => (Tracker, Server) = (tracker, server);

    public TrackerSession Tracker { get; }

    public PeerServer Server { get; }

    /// <summary>Makes the account, logs in and starts the peer server.</summary>
    /// <param name="tracker">With its fingerprint.</param>
    /// <param name="invitation">Good for one account: whoever used it before keeps this side out, which its caller learns.</param>
    /// <param name="statePath">A private folder that is removed after the copy.</param>
    /// <param name="uploadLimit">Bytes a second; null: no limit.</param>
    /// <param name="findDetour">As <see cref="PeerServerOptions.FindDetour"/>.</param>
    /// <param name="warn">Receives sentences, on any thread.</param>
    public static async Task<CopyPeer> OpenAsync(
        TrackerAddress tracker, string userName, SecureString invitation, string statePath, long? uploadLimit, Action<string> warn, CancellationToken cancellationToken,
        Func<Hash256, IPEndPoint?>? findDetour = null)
    {
        var state = StateFolder.Open(statePath);
        var session = new TrackerSession([tracker], state.KnownTrackers, trustOnFirstUse: false, warn, ProxySetting.None);
        try
        {
            using var password = NewSecret();
            await session.CreateUserAsync(userName, password, invitation, cancellationToken).ConfigureAwait(false);
            await session.LoginAsync(userName, password, cancellationToken).ConfigureAwait(false);
            var options = new PeerServerOptions { UploadLimit = uploadLimit, FindDetour = findDetour }.WithWarnings(warn);
            return new CopyPeer(session, await PeerServer.StartAsync(session, state, options, cancellationToken).ConfigureAwait(false));
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    public static SecureString ToSecret(string text)
    {
        var secret = new SecureString();
        foreach (var character in text)
        {
            secret.AppendChar(character);
        }

        secret.MakeReadOnly();
        return secret;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.StopAsync(TimeSpan.Zero, patience: TimeSpan.FromSeconds(1)).ConfigureAwait(false);
        Tracker.Dispose();
    }

    // Nobody has to know it again: the session is what is used.
    private static SecureString NewSecret() => ToSecret(Convert.ToHexString(RandomNumberGenerator.GetBytes(32)));
}
