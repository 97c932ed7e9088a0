using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;

namespace P2PShare.Shell.Hosting;

/// <summary>
/// Progress of commands: one live line with a bar on a terminal; elsewhere a plain line now and then, so that a log stays short.
/// Not thread-safe: the user interface serialises.
/// </summary>
/// <param name="width">Columns that a line has.</param>
/// <param name="start">What every line begins with, beside those columns.</param>
internal sealed class ProgressDisplay(TextWriter output, bool live, Func<int> width, Func<string> start)
{
    private const int PlainStepPercent = 10;
    private const int BarCells = 24;
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(5);

    // Records that are not completed, in the order in which they began, with what a plain log said last of each.
    private readonly List<Shown> _active = [];
    private bool _lineOnScreen;

    public void Show(ProgressRecord record)
    {
        var index = _active.FindIndex(shown => shown.Record.ActivityId == record.ActivityId);
        if (record.RecordType == ProgressRecordType.Completed)
        {
            if (index >= 0)
            {
                _active.RemoveAt(index);
            }

            Clear();
            return;
        }

        if (index < 0)
        {
            index = _active.Count;
            _active.Add(new Shown { Record = record, SaidAt = Stopwatch.GetTimestamp() });
        }

        var current = _active[index];
        current.Record = record;
        if (live)
        {
            Draw(current);
        }
        else if (IsLeaf(record))
        {
            SayNowAndThen(current);
        }
    }

    /// <summary>Takes the live line off the screen; the next record draws it again.</summary>
    public void Clear()
    {
        if (_lineOnScreen)
        {
            output.Write("\r\e[K");
            output.Flush();
            _lineOnScreen = false;
        }
    }

    private bool IsLeaf(ProgressRecord record) => !_active.Any(other => other.Record.ParentActivityId == record.ActivityId);

    private void Draw(Shown updated)
    {
        // One line has room for one activity: the only file, or the sum over several.
        var leaves = _active.Where(shown => IsLeaf(shown.Record)).ToArray();
        var shown = leaves.Length == 1 ? leaves[0] : _active[0];
        if (shown != updated && _lineOnScreen)
        {
            return;
        }

        var record = shown.Record;
        var text = record.PercentComplete >= 0
            ? $"{record.Activity} [{Bar(record.PercentComplete)}] {record.PercentComplete,3}% {Details(record)}"
            : $"{record.Activity} {Details(record)}";
        text = text.TrimEnd();
        var room = Math.Max(10, width() - 1);
        output.Write("\r" + start() + (text.Length > room ? text[..room] : text) + "\e[K");
        output.Flush();
        _lineOnScreen = true;
    }

    private void SayNowAndThen(Shown shown)
    {
        var record = shown.Record;
        var grown = record.PercentComplete / PlainStepPercent > shown.SaidPercent / PlainStepPercent;
        if (!grown && Stopwatch.GetElapsedTime(shown.SaidAt) < PlainInterval)
        {
            return;
        }

        shown.SaidPercent = Math.Max(record.PercentComplete, 0);
        shown.SaidAt = Stopwatch.GetTimestamp();
        var percent = record.PercentComplete >= 0 ? $" {record.PercentComplete}%" : "";
        output.WriteLine($"{start()}{record.Activity}{percent} {Details(record)}".TrimEnd());
    }

    private static string Bar(int percent)
    {
        var full = Math.Clamp(percent, 0, 100) * BarCells / 100;
        return new string('#', full) + new string('.', BarCells - full);
    }

    // The time first: the end of a line is what a narrow window cuts off.
    private static string Details(ProgressRecord record)
    {
        var left = TimeSpan.FromSeconds(record.SecondsRemaining);
        var time = left < TimeSpan.Zero ? ""
            : left < TimeSpan.FromHours(1) ? string.Create(CultureInfo.InvariantCulture, $"{left:m\\:ss} left, ")
            : string.Create(CultureInfo.InvariantCulture, $"{(int)left.TotalHours}:{left:mm\\:ss} left, ");
        return $"{time}{record.StatusDescription}".ReplaceLineEndings(" ");
    }

    private sealed class Shown
    {
        public required ProgressRecord Record { get; set; }

        public int SaidPercent { get; set; }

        public long SaidAt { get; set; }
    }
}
