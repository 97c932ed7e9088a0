using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>Stops sharing files with a group. The files themselves stay in place.</summary>
/// <remarks>
/// <para>Ends the user's own share of a file: this machine does not offer it to the group any more, and if no other user
/// shares the file, it is no longer listed. Users who have received it keep it. A file that is shared with other groups is
/// still shared with them.</para>
/// <para>A file that the user does not share is the error NotSharer; a pattern selects among the files that the user
/// shares.</para>
/// </remarks>
/// <example>
/// <code>Unpublish-P2PFile -Group builds -Name image.vhdx</code>
/// <para>Stops sharing one file.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group builds | Where-Object Shared -lt (Get-Date).AddDays(-30) | Unpublish-P2PFile -WhatIf</code>
/// <para>Shows which files would no longer be shared because they are older than thirty days. Without -WhatIf their shares
/// end.</para>
/// </example>
[Cmdlet(VerbsData.Unpublish, "P2PFile", DefaultParameterSetName = InputObjectSet, SupportsShouldProcess = true)]
[OutputType(typeof(P2PFile))]
public sealed class UnpublishP2PFile : SessionCmdlet
{
    private const string InputObjectSet = "InputObject";
    private const string NameSet = "Name";

    // By group: what one request ends, and whether a pattern selected it.
    private readonly Dictionary<string, Dictionary<string, (P2PFile File, bool ByPattern)>> _waiting = new(StringComparer.OrdinalIgnoreCase);
    private FileSelection? _selection;

    /// <summary>Files, from Get-P2PFile or Send-P2PFile.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public P2PFile[] InputObject { get; set; } = [];

    /// <summary>The group to stop sharing with. No wildcards.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>
    /// Names of files in the group, wildcards allowed: a pattern selects among the files that the session's user shares.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Writes each file that is not shared any more, as it was; by default nothing is written.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        // Not looked up: there may be thousands.
        foreach (var file in ParameterSetName == InputObjectSet ? InputObject : [])
        {
            await AddAsync(file, byPattern: false, cancellationToken);
        }

        _selection ??= new FileSelection(CurrentSession);
        foreach (var name in ParameterSetName == NameSet ? Name : [])
        {
            await TryAsync(name, async () =>
            {
                // Before the first is withdrawn: a name that is asked for later may be one of them.
                foreach (var found in await _selection.FindAsync(Group!, name, cancellationToken).ToListAsync(cancellationToken))
                {
                    await AddAsync(found.Describe(), byPattern: found.File.Name != name, cancellationToken);
                }
            });
        }
    }

    protected override async Task EndAsync(CancellationToken cancellationToken)
    {
        foreach (var group in _waiting.Keys.ToList())
        {
            await WithdrawAsync(group, cancellationToken);
        }
    }

    private async Task AddAsync(P2PFile file, bool byPattern, CancellationToken cancellationToken)
    {
        if (!ShouldProcess($"{file.Name} in group {file.Group}", "Stop sharing"))
        {
            return;
        }

        if (!_waiting.TryGetValue(file.Group, out var waiting))
        {
            _waiting[file.Group] = waiting = [];
        }

        waiting.TryAdd(file.Name, (file, byPattern));
        if (waiting.Count == WithdrawFilesRequest.MaxNames)
        {
            await WithdrawAsync(file.Group, cancellationToken);
        }
    }

    private async Task WithdrawAsync(string group, CancellationToken cancellationToken)
    {
        _waiting.Remove(group, out var files);
        var session = CurrentSession;
        await TryAsync(group, async () =>
        {
            var response = await (session.RunningPeerServer is { } job
                ? job.Server.Shares.WithdrawAsync(group, [.. files!.Keys], cancellationToken)
                : session.Shares.WithdrawAsync(group, [.. files!.Keys], cancellationToken));
            var failed = response.Failed.ToDictionary(one => one.Name, StringComparer.Ordinal);
            foreach (var (name, (file, byPattern)) in files)
            {
                Report(file, byPattern, failed.GetValueOrDefault(name));
            }
        });
    }

    private void Report(P2PFile file, bool byPattern, FailedWithdrawal? failed)
    {
        if (failed is null)
        {
            if (PassThru)
            {
                WriteObject(file);
            }
        }
        else if (byPattern && failed.Code == ErrorCode.NotSharer)
        {
            WriteVerbose($"'{file.Name}' is shared only by other users.");
        }
        else
        {
            WriteFault(new P2PShareException(failed.Code, failed.Detail), file.Name);
        }
    }
}
