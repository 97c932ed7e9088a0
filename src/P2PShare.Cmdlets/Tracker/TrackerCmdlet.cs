using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>A cmdlet that talks to a tracker by its address, as a user who gives a password.</summary>
public abstract class TrackerCmdlet : AsyncCmdlet
{
    private protected const string CredentialSet = "Credential";
    private protected const string UserNameSet = "UserName";

    private protected TrackerCmdlet()
    {
    }

    /// <summary>
    /// The tracker, <c>host:port</c>; the port is 8001 where it is left out. With -TrackerInfo, the one to try first.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Address")]
    [ValidateNotNullOrEmpty]
    public string? Tracker { get; set; }

    /// <summary>
    /// File with a line <c>host:port [fingerprint]</c> for each tracker; <c>#</c> starts a comment. The next one is used
    /// when one does not answer. A path, exactly as written.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TrackerInfo { get; set; }

    /// <summary>User name and password. A name alone asks for the password.</summary>
    [Parameter(Mandatory = true, ParameterSetName = CredentialSet)]
    [ValidateNotNull]
    [Credential]
    public PSCredential? Credential { get; set; }

    /// <summary>
    /// The name of the user: 1 to 64 letters, digits, <c>.</c>, <c>_</c> or <c>-</c>; case makes no difference.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? UserName { get; set; }

    /// <summary>
    /// The password of the user, as Read-Host -AsSecureString gives it. Never a string: that would stay in the history.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet)]
    [ValidateNotNull]
    public virtual SecureString? Password { get; set; }

    /// <summary>
    /// The fingerprint that the tracker printed when it started: 64 hexadecimal digits, the SHA-256 of its public key.
    /// Only a tracker that has it is talked to, and it is remembered.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Fingerprint { get; set; }

    /// <summary>
    /// Accepts a certificate that was never seen before without asking, and remembers it. One that has changed is refused
    /// all the same.
    /// </summary>
    [Parameter]
    public SwitchParameter TrustOnFirstUse { get; set; }

    /// <summary>
    /// Folder of the certificate of this peer, the trackers that are trusted, the shares and the downloads, made where it
    /// is missing; else the folder that the environment variable P2PSHARE_HOME names, else the platform's for application
    /// data. A path, exactly as written.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StatePath { get; set; }

    private protected string GivenUserName => Credential?.UserName ?? UserName!;

    private protected SecureString GivenPassword => Credential?.Password ?? Password!;

    private protected StateFolder OpenState() =>
        StateFolder.Open(StatePath is null ? null : SessionState.Path.GetUnresolvedProviderPathFromPSPath(StatePath));

    /// <summary>The trackers that -Tracker and -TrackerInfo name, in the order in which they are tried; none where neither is given.</summary>
    private protected IReadOnlyList<TrackerAddress> ReadAddresses()
    {
        var addresses = new List<TrackerAddress>();
        if (TrackerInfo is not null)
        {
            addresses.AddRange(Protocol.Tracker.TrackerInfo.Load(SessionState.Path.GetUnresolvedProviderPathFromPSPath(TrackerInfo)));
        }

        if (Tracker is not null)
        {
            var first = TrackerAddress.Parse(Tracker);
            var listed = addresses.Find(other => IsSame(first, other));
            addresses.RemoveAll(other => IsSame(first, other));
            addresses.Insert(0, listed ?? first);
        }

        return Fingerprint is null ? addresses : [.. addresses.Select(address => address with { Fingerprint = ParseFingerprint(Fingerprint) })];
    }

    /// <summary>Does something at a tracker; where its certificate is not known, a person is asked.</summary>
    /// <param name="action">May run twice.</param>
    /// <returns>The client, which the caller disposes, and its warnings from now on.</returns>
    private protected async Task<(TrackerSession Client, TrackerWarnings Warnings)> WithTrackerAsync(
        IReadOnlyList<TrackerAddress> addresses, StateFolder state, Func<TrackerSession, Task> action)
    {
        while (true)
        {
            var log = new TrackerWarnings();
            var client = new TrackerSession(addresses, state.KnownTrackers, TrustOnFirstUse, log.Add);
            var warnings = new ConcurrentQueue<string>();
            log.Added += warnings.Enqueue;
            try
            {
                await action(client);
                log.Added -= warnings.Enqueue;
                foreach (var warning in warnings)
                {
                    WriteWarning(warning);
                }

                if (Fingerprint is not null && client.Address.Fingerprint is { } agreed)
                {
                    state.KnownTrackers.Remember(client.Address, agreed);
                }

                return (client, log);
            }
            catch (UntrustedTrackerException e) when (e.Code == ErrorCode.TrackerCertificateUntrusted)
            {
                client.Dispose();
                if (!AskWhetherToTrust(e))
                {
                    throw;
                }

                state.KnownTrackers.Remember(e.Address, e.Fingerprint);
            }
            catch
            {
                client.Dispose();
                throw;
            }
        }
    }

    private bool AskWhetherToTrust(UntrustedTrackerException untrusted)
    {
        // A prompt that nobody can answer reads from whatever standard input is.
        if (Console.IsInputRedirected)
        {
            return false;
        }

        try
        {
            return Outside(() => Host.UI.PromptForChoice(
                "Unknown tracker",
                $"The tracker {untrusted.Address.Authority} shows a certificate with the fingerprint\n{untrusted.Fingerprint}\nIs that what the tracker printed when it started? It is remembered if you say yes.",
                [new ChoiceDescription("&Yes", "Trust this tracker from now on."), new ChoiceDescription("&No", "Do not connect.")],
                defaultChoice: 1)) == 0;
        }
        catch (Exception e) when (e is HostException or PSInvalidOperationException or NotImplementedException)
        {
            return false;
        }
    }

    private static Hash256 ParseFingerprint(string text) => Hash256.TryParse(text.Trim(), out var fingerprint)
        ? fingerprint
        : throw new P2PShareException(
            ErrorCode.InvalidFingerprint, "The fingerprint is not valid: 64 hexadecimal digits were expected, as the tracker prints them when it starts.");

    private static bool IsSame(TrackerAddress a, TrackerAddress b) =>
        a.Port == b.Port && string.Equals(a.Host, b.Host, StringComparison.OrdinalIgnoreCase);
}
