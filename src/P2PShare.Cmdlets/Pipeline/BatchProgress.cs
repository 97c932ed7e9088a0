using System.Management.Automation;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Progress of several files under way: one record for all of them and a child for each, so that all cmdlets that move
/// bytes read the same. One caller at a time.
/// </summary>
/// <param name="activityId">Of the record for all of them; the children have the numbers behind it.</param>
/// <param name="write">Null where nobody would see it, and then nothing is computed either.</param>
internal sealed class BatchProgress(int activityId, string activity, Action<ProgressRecord>? write)
{
    /// <summary>Between two updates: at most five a second.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private readonly Rate _rate = new();
    private readonly HashSet<int> _slots = [];
    private long _shown = Environment.TickCount64;
    private bool _anyShown;

    public bool IsVisible => write is not null;

    /// <summary>Ends when something may be shown again; never where nobody would see it.</summary>
    public Task TickAsync(CancellationToken cancellationToken) =>
        Task.Delay(IsVisible ? Interval : Timeout.InfiniteTimeSpan, cancellationToken);

    /// <summary>Whether it is time to show how far everything is; who asks and is told so does it.</summary>
    public bool IsDue()
    {
        var now = Environment.TickCount64;
        if (!IsVisible || now - _shown < Interval.TotalMilliseconds)
        {
            return false;
        }

        _shown = now;
        return true;
    }

    /// <summary>Shows how far all of them are.</summary>
    /// <param name="bytes">Done, with what was there before.</param>
    /// <param name="moved">Done now; the speed is that of this number.</param>
    public void ShowAll(long bytes, long total, long moved, string details)
    {
        _anyShown = true;
        _rate.Update(moved);
        Write(activityId, -1, activity, bytes, total, _rate.BytesPerSecond, _rate.SecondsFor(total - bytes), details);
    }

    /// <summary>Shows how far one file is.</summary>
    /// <param name="details">Behind the numbers, such as the number of sources; may be empty.</param>
    /// <param name="secondsLeft">Null while it cannot be told.</param>
    public void Show(Line line, long bytes, long total, double bytesPerSecond, double? secondsLeft, string details)
    {
        if (line.Slot == 0)
        {
            line.Slot = 1;
            while (!_slots.Add(line.Slot))
            {
                line.Slot++;
            }
        }

        Write(activityId + line.Slot, activityId, line.Activity, bytes, total, bytesPerSecond, secondsLeft, details);
    }

    /// <summary>A file is done, well or not.</summary>
    public void End(Line line)
    {
        if (line.Slot > 0)
        {
            _slots.Remove(line.Slot);
            Complete(activityId + line.Slot, activityId, line.Activity);
            line.Slot = 0;
        }
    }

    /// <summary>Everything is done.</summary>
    public void End()
    {
        if (_anyShown)
        {
            Complete(activityId, -1, activity);
        }
    }

    private void Write(
        int id, int parent, string what, long bytes, long total, double bytesPerSecond, double? secondsLeft, string details)
    {
        string[] parts = [Amount(bytes, total), ByteText.Speed(bytesPerSecond), details];
        write!(new ProgressRecord(id, PrintableCharacter.Clean(what), string.Join(", ", parts.Where(part => part.Length > 0)))
        {
            ParentActivityId = parent,
            PercentComplete = total > 0 ? (int)(Math.Clamp((double)bytes / total, 0, 1) * 100) : -1,
            SecondsRemaining = secondsLeft is { } seconds ? (int)Math.Min(Math.Ceiling(seconds), int.MaxValue) : -1,
        });
    }

    // Room is scarce: 5.9 of 60.0 MiB.
    private static string Amount(long bytes, long total)
    {
        var (done, all) = (ByteText.Size(bytes).Split(' '), ByteText.Size(total).Split(' '));
        return done[^1] == all[^1] ? $"{done[0]} of {all[0]} {all[^1]}" : $"{ByteText.Size(bytes)} of {ByteText.Size(total)}";
    }

    private void Complete(int id, int parent, string what) =>
        write!(new ProgressRecord(id, PrintableCharacter.Clean(what), "Done") { ParentActivityId = parent, RecordType = ProgressRecordType.Completed });

    /// <summary>One file's place in the picture; it gets one when it is shown first.</summary>
    public sealed class Line(string activity)
    {
        public string Activity => activity;

        /// <summary>From 1; 0 while it is not shown.</summary>
        public int Slot { get; set; }
    }
}
