using System.Management.Automation;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Makes the progress records of transfers, so that all of them read the same.</summary>
internal static class ProgressText
{
    /// <summary>Between two records of one activity: at most five a second.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <param name="details">Behind the numbers, such as the number of sources; may be empty.</param>
    /// <param name="secondsLeft">Null while it cannot be told.</param>
    public static ProgressRecord Record(
        int id, int parent, string activity, long bytes, long total, double bytesPerSecond, int? secondsLeft, string details)
    {
        var speed = ByteText.Speed(bytesPerSecond);
        string[] parts = [$"{ByteText.Size(bytes)} of {ByteText.Size(total)}", speed, details];
        return new ProgressRecord(id, PrintableCharacter.Clean(activity), string.Join(", ", parts.Where(part => part.Length > 0)))
        {
            ParentActivityId = parent,
            PercentComplete = total > 0 ? (int)(Math.Clamp((double)bytes / total, 0, 1) * 100) : -1,
            SecondsRemaining = secondsLeft ?? -1,
        };
    }

    public static ProgressRecord Completed(int id, int parent, string activity) =>
        new(id, PrintableCharacter.Clean(activity), "Done") { ParentActivityId = parent, RecordType = ProgressRecordType.Completed };
}
