using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>A cmdlet that selects downloads.</summary>
public abstract class DownloadCmdlet : SessionCmdlet
{
    private protected const string NameSet = "Name";
    private protected const string IdSet = "Id";
    private protected const string InputObjectSet = "InputObject";

    private protected DownloadCmdlet()
    {
    }

    /// <summary>
    /// Ids of downloads, as Get-P2PDownload shows them. Several downloads may be of one file; an id is unique.
    /// </summary>
    [Parameter(Mandatory = true, ParameterSetName = IdSet)]
    [ValidateNotNullOrEmpty]
    public Guid[] Id { get; set; } = [];

    /// <summary>The session's downloads that the parameters select. A name or an id that no download has is written as an error.</summary>
    private protected async Task<IReadOnlyList<P2PDownload>> PickAsync(string[] names, CancellationToken cancellationToken)
    {
        var all = (await CurrentSession.GetDownloadsAsync(cancellationToken)).ToList();
        var picked = new List<P2PDownload>();
        if (ParameterSetName == IdSet)
        {
            foreach (var id in Id)
            {
                Add(all.FindAll(download => download.Id == id), id, isPattern: false);
            }
        }
        else
        {
            foreach (var name in names)
            {
                Add(NameMatch.Select(all, name, download => download.Name), name, NameMatch.IsPattern(name));
            }
        }

        return picked;

        void Add(IReadOnlyList<P2PDownload> found, object asked, bool isPattern)
        {
            if (found.Count == 0 && !isPattern)
            {
                WriteFault(new P2PShareException(ErrorCode.DownloadNotFound, $"There is no download '{asked}'."), asked);
            }

            picked.AddRange(found.Except(picked));
        }
    }
}
