using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// Copies ranges between open files in the cheapest way that their file systems have: sharing the storage (FICLONERANGE), in the kernel or
/// on a server (copy_file_range), or by reading and writing. Holes stay holes.
/// </summary>
internal static class FileClone
{
    // What is cloned between two looks at the cancellation.
    private const int CloneLength = 16 * 1024 * 1024;

    // What is copied between two looks for a hole.
    private const int CopyLength = 64 * 1024;

    /// <summary>Copies a range. The source may change meanwhile: the caller verifies what was copied.</summary>
    /// <param name="path">Of the target, for messages.</param>
    /// <returns>False if the source is too short or cannot be read; some of the range may have been copied.</returns>
    /// <exception cref="IOException">The target cannot be written.</exception>
    public static bool TryCopy(
        SafeFileHandle from, long fromOffset, SafeFileHandle to, long offset, long length, string path, CancellationToken cancellationToken)
    {
        if (RandomAccess.GetLength(from) < fromOffset + length)
        {
            return false;
        }

        var canClone = OperatingSystem.IsLinux();
        for (var end = fromOffset + length; fromOffset < end;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var data = Math.Min(FileHoles.NextData(from, fromOffset), end);
            var step = data > fromOffset ? data - fromOffset : Math.Min(canClone ? CloneLength : CopyLength, end - fromOffset);
            if (data > fromOffset)
            {
                FileHoles.Clear(to, offset, step, path);
            }
            else if (canClone && !LinuxRanges.TryClone(from, fromOffset, to, offset, step))
            {
                canClone = false;
                continue;
            }
            else if (!canClone && !TryCopyInKernel(from, fromOffset, to, offset, step, path) && !TryReadAndWrite(from, fromOffset, to, offset, step))
            {
                return false;
            }

            fromOffset += step;
            offset += step;
        }

        return true;
    }

    private static bool TryCopyInKernel(SafeFileHandle from, long fromOffset, SafeFileHandle to, long offset, long length, string path)
    {
        while (OperatingSystem.IsLinux() && length > 0)
        {
            var error = LinuxRanges.Copy(from, fromOffset, to, offset, length, out var copied);
            if (error is LinuxCalls.NoSpace or LinuxCalls.QuotaExceeded)
            {
                throw LinuxCalls.Error(error, path);
            }

            if (copied == 0)
            {
                // Whatever it was: reading and writing shows which of the files is at fault.
                return false;
            }

            fromOffset += copied;
            offset += copied;
            length -= copied;
        }

        return length == 0;
    }

    private static bool TryReadAndWrite(SafeFileHandle from, long fromOffset, SafeFileHandle to, long offset, long length)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CopyLength);
        try
        {
            var copied = buffer.AsSpan(0, (int)length);
            try
            {
                SafeFile.ReadExactly(from, copied, fromOffset);
            }
            catch (IOException)
            {
                return false;
            }

            RandomAccess.Write(to, copied, offset);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
