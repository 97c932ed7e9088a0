using System.Management.Automation;
using P2PShare.Protocol.Names;
using P2PShare.Transfer.Diagnostics;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Progress of several files: one record for all of them and a child for each, so that all cmdlets that move bytes show it in
/// the same way. One caller at a time.
/// </summary>
/// <param name="activityId">Of the record for all files; the children have the numbers after it.</param>
/// <param name="write">Null if progress is not shown; nothing is computed then.</param>
internal sealed class BatchProgress(int activityId, string activity, Action<ProgressRecord>? write)
{
    /// <summary>Between two updates: at most five a second.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private static readonly TimeProvider Clock = TimeProvider.System;

    private readonly SpeedMeter _speed = new(Clock);
    private readonly Dictionary<object, (int Slot, string Activity)> _lines = [];
    private long _shown = Clock.GetTimestamp();
    private bool _anyShown;

    /// <summary>Ends when progress may be shown again; never if it is not shown.</summary>
    public Task TickAsync(CancellationToken cancellationToken) =>
        Task.Delay(write is null ? Timeout.InfiniteTimeSpan : Interval, Clock, cancellationToken);

    /// <summary>Whether progress is to be shown now. A caller that receives true shows it.</summary>
    public bool IsDue()
    {
        if (write is null || Clock.GetElapsedTime(_shown) < Interval)
        {
            return false;
        }

        _shown = Clock.GetTimestamp();
        return true;
    }

    /// <summary>Shows how far all files are, and each that is in work.</summary>
    /// <param name="bytes">Done, including what was there before.</param>
    /// <param name="moved">Done since the beginning; the speed is that of this number.</param>
    /// <param name="files">Those in work. A file that was shown before and is not among them is completed.</param>
    public void Show(long bytes, long total, long moved, string details, IReadOnlyList<FileLine> files)
    {
        _anyShown = true;
        _speed.Add(Math.Max(0, moved - _speed.Total));
        var bytesPerSecond = _speed.BytesPerSecond;
        Write(
            activityId, -1, activity, bytes, total, bytesPerSecond,
            bytesPerSecond > 0 ? TimeSpan.FromSeconds(Math.Min((total - bytes) / bytesPerSecond, int.MaxValue)) : null, details);
        foreach (var ended in _lines.Keys.Except(files.Select(file => file.Key)).ToList())
        {
            End(ended);
        }

        foreach (var file in files)
        {
            Write(
                activityId + SlotOf(file), activityId, file.Activity, file.Bytes, file.Total, file.BytesPerSecond, file.TimeLeft, file.Details);
        }
    }

    /// <summary>Completes the line of a file, if it has one.</summary>
    public void End(object key)
    {
        if (_lines.Remove(key, out var line))
        {
            Complete(activityId + line.Slot, activityId, line.Activity);
        }
    }

    /// <summary>Completes everything.</summary>
    public void End()
    {
        foreach (var key in _lines.Keys.ToList())
        {
            End(key);
        }

        if (_anyShown)
        {
            Complete(activityId, -1, activity);
        }
    }

    private int SlotOf(FileLine file)
    {
        if (!_lines.TryGetValue(file.Key, out var line))
        {
            line.Slot = Enumerable.Range(1, _lines.Count + 1).Except(_lines.Values.Select(used => used.Slot)).First();
            _lines[file.Key] = line with { Activity = file.Activity };
        }

        return line.Slot;
    }

    private void Write(
        int id, int parent, string what, long bytes, long total, double bytesPerSecond, TimeSpan? timeLeft, string details)
    {
        string[] parts = [Amount(bytes, total), ByteText.Speed(bytesPerSecond), details];
        write!(new ProgressRecord(id, PrintableCharacter.Clean(what), string.Join(", ", parts.Where(part => part.Length > 0)))
        {
            ParentActivityId = parent,
            PercentComplete = total > 0 ? (int)(Math.Clamp((double)bytes / total, 0, 1) * 100) : -1,
            SecondsRemaining = timeLeft is { } left ? (int)Math.Min(Math.Ceiling(left.TotalSeconds), int.MaxValue) : -1,
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

    /// <summary>How far one file is.</summary>
    /// <param name="Key">Equal for the same file.</param>
    /// <param name="TimeLeft">Null while it cannot be told.</param>
    /// <param name="Details">After the numbers, such as the number of sources; may be empty.</param>
    public sealed record FileLine(object Key, string Activity, long Bytes, long Total, double BytesPerSecond, TimeSpan? TimeLeft, string Details);
}
