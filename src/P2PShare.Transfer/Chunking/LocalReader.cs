using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Chunking;

/// <summary>Reads what local files seemed to have of a content. For one caller at a time, who bounds how long that may take.</summary>
internal sealed class LocalReader(LocalCoverage coverage) : IDisposable
{
    // A folder may have more files than a process may open.
    private const int MaxOpen = 32;

    // Null: it cannot be opened any more.
    private readonly Dictionary<int, SafeFileHandle?> _open = [];

    /// <summary>Reads a range of the content. The bytes are not checked.</summary>
    /// <returns>False if it is not covered, or a file is gone or shorter: what is in the buffer then is of no use.</returns>
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

            SafeFile.ReadExactly(handle, buffer, range.FileOffset + offset - range.Offset);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

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
            return _open[file] = SafeFile.OpenShared(coverage.Files[file].Path, coverage.Files[file].Root);
        }
        catch (P2PShareException)
        {
            return _open[file] = null;
        }
    }
}
