using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.Storage;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// An open shared file. Each piece is checked against its hash before any of it is returned, once for as long as the file does not
/// change. Hashing it in this process counts as a check. Safe for concurrent use.
/// </summary>
internal sealed class OpenedFile : IDisposable
{
    // A file that changes again and again while it is read is being written to.
    private const int MaxAttempts = 3;

    private readonly Lock _lock = new();
    // Several connections ask for the same piece at once, and one of them checks it.
    private readonly Lock[] _checking = [.. Enumerable.Range(0, 16).Select(_ => new Lock())];
    private readonly HashedFile _file;
    private readonly SafeFileHandle _handle;
    private Bitfield _checked;
    private FileStamp _stamp;

    public OpenedFile(HashedFile file, SafeFileHandle handle)
    {
        (_file, _handle, _stamp) = (file, handle, file.Stamp);
        _checked = new Bitfield(file.Content.PieceCount);
        if (file.WasHashedHere)
        {
            _checked.SetAll();
        }
    }

    /// <summary>Reads what is in memory and was checked already.</summary>
    /// <returns>False if that needs the disk.</returns>
    public bool TryReadCached(long offset, Span<byte> buffer)
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        // A file that is after the read as it was before the check has not changed in between.
        return GetCheckedStamp(offset, buffer.Length) is { } stamp
            && LinuxCalls.TryReadCached(_handle, buffer, offset)
            && SafeFile.Status(_handle, _file.Path, cachedOnly: true).Stamp == stamp;
    }

    /// <summary>Reads, and first checks the pieces that were not checked yet.</summary>
    /// <exception cref="P2PShareException">SourceFileChanged.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public void Read(long offset, Span<byte> buffer)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var now = SafeFile.Status(_handle, _file.Path).Stamp;
            if (now.Size != _file.Content.Size)
            {
                break;
            }

            if (!IsChecked(now, offset, buffer.Length))
            {
                Check(now, offset, buffer.Length);
            }

            SafeFile.ReadExactly(_handle, buffer, offset);
            if (SafeFile.Status(_handle, _file.Path).Stamp == now)
            {
                return;
            }
        }

        throw FileErrors.HasOtherBytes(_file.Path);
    }

    public void Dispose() => _handle.Dispose();

    /// <summary>Keeps it open until <see cref="RemoveReader"/>, also if it is disposed meanwhile.</summary>
    public void AddReader()
    {
        var counted = false;
        _handle.DangerousAddRef(ref counted);
    }

    /// <returns>False if it is disposed.</returns>
    public bool TryAddReader()
    {
        try
        {
            AddReader();
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    public void RemoveReader() => _handle.DangerousRelease();

    private bool IsChecked(FileStamp now, long offset, int length) => GetCheckedStamp(offset, length) == now;

    /// <returns>What the file was when the pieces of a range were checked; null if one of them was not.</returns>
    private FileStamp? GetCheckedStamp(long offset, int length)
    {
        lock (_lock)
        {
            for (var piece = PieceAt(offset); piece <= PieceAt(offset + length - 1); piece++)
            {
                if (!_checked[piece])
                {
                    return null;
                }
            }

            return _stamp;
        }
    }

    private void Check(FileStamp now, long offset, int length)
    {
        lock (_lock)
        {
            if (_stamp != now)
            {
                (_stamp, _checked) = (now, new Bitfield(_file.Content.PieceCount));
            }
        }

        for (var piece = PieceAt(offset); piece <= PieceAt(offset + length - 1); piece++)
        {
            var checking = _checking[piece % _checking.Length];
            lock (checking)
            {
                if (IsChecked(now, (long)piece * _file.Content.PieceLength, 1))
                {
                    continue;
                }

                if (RangeHasher.HashPiece(_handle, _file.Content, piece) != _file.PieceHash(piece))
                {
                    throw FileErrors.HasOtherBytes(_file.Path);
                }

                lock (_lock)
                {
                    if (_stamp == now)
                    {
                        _checked.Set(piece);
                    }
                }
            }
        }
    }

    private int PieceAt(long offset) => (int)(offset / _file.Content.PieceLength);
}
