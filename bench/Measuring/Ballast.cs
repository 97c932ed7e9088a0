namespace P2PShare.Bench.Measuring;

/// <summary>
/// Pages that the next writes will use. After some seconds idle a virtual machine gives freed memory back to its host, and
/// the first writes into the page cache cost several times as much; a file written and deleted brings the pages back.
/// </summary>
public static class Ballast
{
    /// <param name="bytes">As much as the measured run will write.</param>
    public static void Warm(string folder, long bytes)
    {
        var path = Path.Combine(folder, "ballast");
        var block = new byte[1 << 20];
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1))
        {
            for (var written = 0L; written < bytes; written += block.Length)
            {
                file.Write(block);
            }
        }

        File.Delete(path);
    }
}
