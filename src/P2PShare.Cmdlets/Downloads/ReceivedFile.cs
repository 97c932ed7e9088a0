using System.Management.Automation;
using P2PShare.Transfer.Downloading;

namespace P2PShare.Cmdlets.Downloads;

/// <summary>A file that was received, with where its bytes came from.</summary>
internal static class ReceivedFile
{
    /// <summary>Adds BytesFetched, BytesReused and BytesZero to the file as it is written to the pipeline.</summary>
    /// <param name="file">As Get-Item writes it, or a FileInfo.</param>
    public static PSObject Describe(object file, DownloadOutcome outcome)
    {
        var described = PSObject.AsPSObject(file);
        if (outcome.Progress is { } progress)
        {
            described.Properties.Add(new PSNoteProperty(nameof(progress.BytesFetched), progress.BytesFetched));
            described.Properties.Add(new PSNoteProperty(nameof(progress.BytesReused), progress.BytesReused));
            described.Properties.Add(new PSNoteProperty(nameof(progress.BytesZero), progress.BytesZero));
        }

        return described;
    }
}
