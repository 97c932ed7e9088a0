using System.Buffers;
using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol.Content;

namespace P2PShare.Transfer.Storage;

/// <summary>Ranges of a file that were never written: they read as zeros and take no space. Only Linux tells where they are.</summary>
internal static class FileHoles
{
    /// <summary>Whether a range may have a byte that is not zero. One that is reserved and was never written has none.</summary>
    public static bool MayHoldData(SafeFileHandle handle, long offset, long length) => NextData(handle, offset) < offset + length;

    /// <summary>The first byte at or behind an offset that may not be zero; <see cref="long.MaxValue"/> if there is none.</summary>
    /// <remarks>There is no such call for the next hole: in a file of many pieces and no hole the system goes through all of them for each answer.</remarks>
    public static long NextData(SafeFileHandle handle, long offset) => OperatingSystem.IsLinux() ? LinuxRanges.NextData(handle, offset) : offset;

    /// <summary>Makes a range read as zeros, without taking space if the file system can.</summary>
    /// <param name="path">For messages.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Clear(SafeFileHandle handle, long offset, long length, string path)
    {
        // Also where nothing was written: the space may be reserved.
        var isCleared = (OperatingSystem.IsLinux() && LinuxRanges.TryPunch(handle, offset, length, path))
            || (OperatingSystem.IsWindows() && WindowsCalls.TryClear(handle, offset, length));
        if (!isCleared && MayHoldData(handle, offset, length))
        {
            WriteZeros(handle, offset, length);
        }
    }

    // Only where there is something else: what is behind the end of the file stays there.
    private static void WriteZeros(SafeFileHandle handle, long offset, long length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PieceLength.Block);
        var zeros = new byte[PieceLength.Block];
        try
        {
            for (var end = offset + length; offset < end;)
            {
                var count = (int)Math.Min(PieceLength.Block, end - offset);
                var read = RandomAccess.Read(handle, buffer.AsSpan(0, count), offset);
                if (read == 0)
                {
                    return;
                }

                if (buffer.AsSpan(0, read).ContainsAnyExcept((byte)0))
                {
                    RandomAccess.Write(handle, zeros.AsSpan(0, read), offset);
                }

                offset += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
