using System.Management.Automation;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>A cmdlet that does something with each of the downloads it is given.</summary>
public abstract class ChangeDownloadCmdlet : DownloadCmdlet
{
    private protected ChangeDownloadCmdlet()
    {
    }

    /// <summary>Names of files, wildcards allowed.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NameSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DownloadCompleter))]
    public string[] Name { get; set; } = [];

    /// <summary>Downloads, from Get-P2PDownload.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public P2PDownload[] InputObject { get; set; } = [];

    /// <summary>Writes the download.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>What is done, for -WhatIf.</summary>
    private protected abstract string Action { get; }

    private protected abstract Task ChangeAsync(P2PDownload download);

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        foreach (var download in ParameterSetName == InputObjectSet ? InputObject : await PickAsync(Name, cancellationToken))
        {
            if (ShouldProcess(download.ToString(), Action) && await TryAsync(download, () => ChangeAsync(download)) && PassThru)
            {
                WriteObject(download);
            }
        }
    }
}
