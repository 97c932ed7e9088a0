using System.Collections.Concurrent;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Net;
using System.Security;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Trackers;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>A cmdlet that connects to a tracker by its address, with a user's password.</summary>
public abstract class TrackerCmdlet : AsyncCmdlet
{
    private protected const string CredentialSet = "Credential";
    private protected const string UserNameSet = "UserName";

    private protected TrackerCmdlet()
    {
    }

    /// <summary>
    /// The tracker, <c>host:port</c>; the port is 8001 if it is left out. With -TrackerInfo, the tracker to try first.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Address")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownTrackerCompleter))]
    public string? Tracker { get; set; }

    /// <summary>
    /// File with a line <c>host:port [fingerprint]</c> for each tracker; <c>#</c> starts a comment. If a tracker does not
    /// answer, the next one is used. A path without wildcards.
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
    /// The name of the user: 1 to 64 letters, digits, <c>.</c>, <c>_</c> or <c>-</c>. Case does not matter.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? UserName { get; set; }

    /// <summary>
    /// The password of the user, as Read-Host -AsSecureString returns it. A string is not accepted: it would stay in the
    /// history.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = UserNameSet)]
    [ValidateNotNull]
    public virtual SecureString? Password { get; set; }

    /// <summary>
    /// The fingerprint that the tracker printed when it started: 64 hexadecimal digits, the SHA-256 of its public key. A
    /// tracker with another fingerprint is refused. It is remembered. A tracker that Start-P2PTracker started in this runspace
    /// does not need it.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Fingerprint { get; set; }

    /// <summary>
    /// Accepts the certificate of an unknown tracker without asking, and remembers it. A certificate that has changed is
    /// refused all the same.
    /// </summary>
    [Parameter]
    public SwitchParameter TrustOnFirstUse { get; set; }

    /// <summary>
    /// Address of the HTTP proxy that the trackers are reached through, such as http://proxy.example:3128, or none. If it is left out, what the
    /// environment variable P2PSHARE_PROXY has, or else the system's proxy (HTTPS_PROXY, NO_PROXY), which is not used for a tracker whose
    /// addresses are all private or loopback ones.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Proxy { get; set; }

    /// <summary>
    /// Folder for this peer's certificate, the trusted trackers, the shares and the downloads; created if it is missing. If
    /// it is left out, the folder that the environment variable P2PSHARE_HOME names, or else the platform's folder for
    /// application data. A path without wildcards.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? StatePath { get; set; }

    private protected string GivenUserName => Credential?.UserName ?? UserName!;

    private protected SecureString GivenPassword => Credential?.Password ?? Password!;

    private protected StateFolder OpenState()
    {
        var state = StateFolder.Open(StatePath is null ? null : ProviderPath.Resolve(SessionState, StatePath, nameof(StatePath), ErrorCode.StateFolderUnusable));
        if (state.Warning is { } warning)
        {
            WriteWarning(warning);
        }

        return state;
    }

    /// <summary>The trackers that -Tracker and -TrackerInfo name, in the order in which they are tried; none if neither is given.</summary>
    private protected IReadOnlyList<TrackerAddress> ReadAddresses()
    {
        var addresses = new List<TrackerAddress>();
        if (TrackerInfo is not null)
        {
            addresses.AddRange(Protocol.Tracker.TrackerInfo.Load(ProviderPath.Resolve(SessionState, TrackerInfo, nameof(TrackerInfo), ErrorCode.InvalidTrackerInfo)));
        }

        if (Tracker is not null)
        {
            var first = TrackerAddress.Parse(Tracker);
            var listed = addresses.Find(other => IsSame(first, other));
            addresses.RemoveAll(other => IsSame(first, other));
            addresses.Insert(0, listed ?? first);
        }

        if (addresses.Find(IsEveryAddress) is { } every)
        {
            throw new P2PShareException(
                ErrorCode.InvalidTrackerAddress,
                $"{every.Authority} cannot be connected to: {every.Host} is every address of the machine that listens there. Give the tracker's name or address; 127.0.0.1 if it runs on this machine.");
        }

        return [.. addresses.Select(address => address with
        {
            Fingerprint = Fingerprint is not null ? ParseFingerprint(Fingerprint) : address.Fingerprint ?? FindOwnFingerprint(address),
        })];
    }

    /// <summary>Runs an action at a tracker. If its certificate is not known, the user is asked.</summary>
    /// <param name="action">Runs again after the user has agreed.</param>
    /// <returns>The client, which the caller disposes, and its warnings from now on.</returns>
    private protected async Task<(TrackerSession Client, TrackerWarnings Warnings)> WithTrackerAsync(
        IReadOnlyList<TrackerAddress> addresses, StateFolder state, Func<TrackerSession, Task> action)
    {
        var proxy = ProxySetting.Parse(Proxy);
        while (true)
        {
            var log = new TrackerWarnings();
            var client = new TrackerSession(addresses, state.KnownTrackers, TrustOnFirstUse, log.Add, proxy);
            var warnings = new ConcurrentQueue<string>();
            Action<string> keep = warnings.Enqueue;
            log.Attach(keep);
            try
            {
                await action(client);
                log.Detach(keep);
                foreach (var warning in warnings)
                {
                    WriteWarning(warning);
                }

                if (client.Address.Fingerprint is { } agreed && (Fingerprint is not null || FindOwnFingerprint(client.Address) == agreed))
                {
                    RememberGiven(state, client.Address, agreed);
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

    // A fingerprint that was given does not need the file.
    private void RememberGiven(StateFolder state, TrackerAddress address, Hash256 fingerprint)
    {
        try
        {
            state.KnownTrackers.Remember(address, fingerprint);
        }
        catch (P2PShareException e)
        {
            WriteWarning($"The fingerprint of {address.Authority} is not remembered. {e.Message}");
        }
    }

    // Known without asking if this runspace runs the tracker.
    private static Hash256? FindOwnFingerprint(TrackerAddress address) =>
        RunspaceState.Current.GetJobs<TrackerJob>().FirstOrDefault(job => job.AnswersAt(address)) is { } job
            && Hash256.TryParse(job.Fingerprint, out var fingerprint) ? fingerprint : null;

    private bool AskWhetherToTrust(UntrustedTrackerException untrusted)
    {
        // A prompt would read its answer from the redirected input.
        if (Console.IsInputRedirected)
        {
            return false;
        }

        try
        {
            return Outside(() => Host.UI.PromptForChoice(
                "Unknown tracker",
                $"The tracker {untrusted.Address.Authority} shows a certificate with the fingerprint\n{untrusted.Fingerprint}\nIs that what the tracker printed when it started? If you answer yes, it is remembered.",
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

    // A program listens on it; to connect to it means, on some systems, to connect to this machine.
    private static bool IsEveryAddress(TrackerAddress address) => IPAddress.TryParse(address.Host, out var parsed)
        && (parsed.IsIPv4MappedToIPv6 ? parsed.MapToIPv4() : parsed) is var plain && (plain.Equals(IPAddress.Any) || plain.Equals(IPAddress.IPv6Any));

    private static bool IsSame(TrackerAddress a, TrackerAddress b) =>
        a.Port == b.Port && string.Equals(a.Host, b.Host, StringComparison.OrdinalIgnoreCase);
}
