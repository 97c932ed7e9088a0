using System.Buffers;
using P2PShare.Protocol;
using P2PShare.Transfer.Connections;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>Reads whole contents of one piece: one call to each disk for all of them that are there. Safe for concurrent use.</summary>
/// <param name="reportUnreadable">Receives a content whose file is gone or has changed.</param>
internal sealed class WholeContentReader(Action<OfferedContent, Exception> reportUnreadable, TimeProvider clock)
{
    // Of one call, far below its limit: many files of a slow disk do not take the time that shows that one does not answer.
    private static readonly TimeSpan MaxTime = DiskCalls.ReadLimit / 6;

    public void Read(IReadOnlyList<WholeContent> contents)
    {
        foreach (var disk in contents.Select(content => (Content: content, File: ((OfferedContent)content.Content).WholeFile)).GroupBy(one => one.File?.File.Disk))
        {
            if (disk.Key is { } name)
            {
                ReadFiles(name, [.. disk.Select(one => (one.Content, one.File!))]);
            }
            else
            {
                foreach (var (content, _) in disk)
                {
                    ReadPart(content);
                }
            }
        }
    }

    private void ReadPart(WholeContent content)
    {
        try
        {
            content.Content.Read(0, content.Buffer.Span);
            content.IsRead = true;
        }
        catch (Exception e) when (e is P2PShareException or IOException or ObjectDisposedException)
        {
            reportUnreadable((OfferedContent)content.Content, e);
        }
    }

    private void ReadFiles(string disk, (WholeContent Content, SharedContent File)[] wanted)
    {
        // Not the callers' memory: a call that is given up on may still end.
        var buffer = ArrayPool<byte>.Shared.Rent(wanted.Sum(one => one.Content.Buffer.Length));
        var problems = new Exception?[wanted.Length];
        var reading = -1;
        var finished = 0;
        try
        {
            DiskCalls.Run(disk, DiskCalls.ReadLimit, clock, () =>
            {
                var offset = 0;
                var begun = clock.GetTimestamp();
                // What is left is refused for now.
                for (var i = 0; i < wanted.Length && clock.GetElapsedTime(begun) < MaxTime; i++)
                {
                    Volatile.Write(ref reading, i);
                    var length = wanted[i].Content.Buffer.Length;
                    problems[i] = TryRead(wanted[i].File, buffer.AsSpan(offset, length));
                    offset += length;
                    finished = i + 1;
                }

                return true;
            });
        }
        catch (TimeoutException e)
        {
            // One file may be at fault; if none was begun, the disk is known not to answer. The others are refused for now.
            if (Volatile.Read(ref reading) is var at and >= 0)
            {
                reportUnreadable((OfferedContent)wanted[at].Content.Content, FileErrors.Unreadable(wanted[at].File.File.Path, e));
            }

            return;
        }

        var read = 0;
        for (var i = 0; i < finished; i++)
        {
            var content = wanted[i].Content;
            buffer.AsSpan(read, content.Buffer.Length).CopyTo(content.Buffer.Span);
            read += content.Buffer.Length;
            content.IsRead = problems[i] is null;
            if (problems[i] is { } problem)
            {
                reportUnreadable((OfferedContent)content.Content, problem);
            }
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static P2PShareException? TryRead(SharedContent file, Span<byte> buffer)
    {
        try
        {
            file.ReadWhole(buffer);
            return null;
        }
        catch (P2PShareException e)
        {
            return e;
        }
    }
}
