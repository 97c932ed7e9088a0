using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Chunking;

/// <summary>Reads what local files seemed to have of a content. For one caller at a time.</summary>
internal sealed class LocalReader(LocalCoverage coverage, TimeProvider clock) : IDisposable
{
    // A folder may have more files than a process may open.
    private const int MaxOpen = 32;

    // Null: it cannot be opened any more.
    private readonly Dictionary<int, SafeFileHandle?> _open = [];

    /// <summary>Reads a range of the content. The bytes are not checked.</summary>
    /// <returns>False if it is not covered, or a file is gone or shorter: what is in the buffer then is of no use.</returns>
    /// <exception cref="TimeoutException">The disk of a file does not answer.</exception>
    public bool TryRead(long offset, Span<byte> buffer)
    {
        for (var index = coverage.FindRange(offset); !buffer.IsEmpty; index++)
        {
            if (index == coverage.Ranges.Count || coverage.Ranges[index] is var range && range.Offset > offset)
            {
                return false;
            }

            var length = (int)Math.Min(buffer.Length, range.End - offset);
            if (!TryRead(range, offset, buffer[..length]))
            {
                return false;
            }

            buffer = buffer[length..];
            offset += length;
        }

        return true;
    }

    /// <summary>Makes a range of a part share its storage with the local file that has it whole.</summary>
    /// <returns>False if there is no such file, or the file systems cannot.</returns>
    /// <exception cref="TimeoutException">The disk of a file does not answer.</exception>
    public bool TryReflink(IPartFile part, long offset, int length)
    {
        // A file on another disk than the part is refused without a call to its disk.
        var index = coverage.FindRange(offset);
        return index < coverage.Ranges.Count && coverage.Ranges[index] is var range && range.Offset <= offset && offset + length <= range.End
            && Open(range.File) is { } handle && part.TryReflink(handle, range.FileOffset + offset - range.Offset, offset, length);
    }

    public void Dispose()
    {
        foreach (var handle in _open.Values)
        {
            handle?.Dispose();
        }

        _open.Clear();
    }

    private bool TryRead(LocalRange range, long offset, Span<byte> buffer)
    {
        try
        {
            if (Open(range.File) is not { } handle)
            {
                return false;
            }

            DiskCalls.ReadExactly(DiskOf(range.File), handle, buffer, range.FileOffset + offset - range.Offset, clock);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string DiskOf(int file) => LocalSearch.DiskOf(coverage.Files[file].Path);

    private SafeFileHandle? Open(int file)
    {
        if (_open.TryGetValue(file, out var opened))
        {
            return opened;
        }

        if (_open.Count >= MaxOpen)
        {
            Dispose();
        }

        try
        {
            var (path, root) = (coverage.Files[file].Path, coverage.Files[file].Root);
            return _open[file] = DiskCalls.Run(DiskOf(file), DiskCalls.OpenLimit, clock, () => SafeFile.OpenShared(path, root));
        }
        catch (P2PShareException)
        {
            return _open[file] = null;
        }
    }
}
