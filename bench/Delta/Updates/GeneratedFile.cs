using System.Globalization;

namespace P2PShare.Bench.Delta.Updates;

/// <summary>Files whose bytes follow from a seed and, but for text, do not compress, with a time of change that is told.</summary>
internal static class GeneratedFile
{
    private const int BlockLength = 1 << 20;
    private const int Words = 2000;

    /// <summary>When old versions were written.</summary>
    public static DateTime OldTime { get; } = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>When new versions were written.</summary>
    public static DateTime NewTime { get; } = OldTime.AddDays(1);

    /// <summary>Makes or replaces a file, and the folder that it is in.</summary>
    public static void Write(string path, long length, Random random, DateTime time)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            var block = new byte[Math.Min(length, BlockLength)];
            for (var left = length; left > 0; left -= block.Length)
            {
                var part = block.AsSpan(0, (int)Math.Min(left, block.Length));
                random.NextBytes(part);
                file.Write(part);
            }
        }

        File.SetLastWriteTimeUtc(path, time);
    }

    /// <summary>Makes a file of lines as programs log them: zstd makes about a fourth of it.</summary>
    public static void WriteText(string path, long length, Random random, DateTime time)
    {
        string[] words = [.. Enumerable.Range(0, Words).Select(_ => string.Concat(Enumerable.Range(0, random.Next(2, 12)).Select(_ => (char)('a' + random.Next(26)))))];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using (var file = new StreamWriter(path))
        {
            for (long written = 0; written < length;)
            {
                var line = string.Create(
                    CultureInfo.InvariantCulture, $"{written:0000000000} INFO {words[random.Next(Words)]}: {words[random.Next(Words)]} {words[random.Next(Words)]} took {random.Next(1000)} ms\n");
                line = line[..(int)Math.Min(line.Length, length - written)];
                file.Write(line);
                written += line.Length;
            }
        }

        File.SetLastWriteTimeUtc(path, time);
    }

    /// <summary>Replaces a few bytes in the middle of a file.</summary>
    public static void Change(string path, int length, Random random, DateTime time)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            file.Position = file.Length / 2;
            file.Write(bytes);
        }

        File.SetLastWriteTimeUtc(path, time);
    }
}
