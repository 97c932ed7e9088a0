using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PShare.Transfer.Storage;

/// <summary>The calls of Linux about a range of an open file: where it has bytes, what space it takes, and whose it shares.</summary>
internal static class LinuxRanges
{
    private const int Interrupted = 4;
    private const int NoDeviceOrAddress = 6;
    private const int NoCall = 38;
    private const int SeekData = 3;
    private const int KeepSize = 1;
    private const int PunchHole = 2;

    private static readonly bool IsPower = RuntimeInformation.ProcessArchitecture is Architecture.Ppc64le;

    /// <summary>FICLONERANGE: <c>_IOW(0x94, 13, struct file_clone_range)</c>, whose direction is coded differently on some processors.</summary>
    private static nuint CloneRequest { get; } = IsPower ? 0x8020940du : 0x4020940du;

    /// <summary>The first byte at or behind an offset that may not be zero.</summary>
    /// <returns><see cref="long.MaxValue"/> if there is none; the offset itself if the file system does not tell.</returns>
    public static long NextData(SafeFileHandle handle, long offset)
    {
        // Moves the handle's own position, which no read or write here uses.
        var found = LinuxImports.Seek(handle, offset, SeekData);
        return found >= 0 ? found : Marshal.GetLastPInvokeError() == NoDeviceOrAddress ? long.MaxValue : offset;
    }

    /// <summary>Reserves space. The file's length stays as it is.</summary>
    /// <returns>The system's error number; 0 if the space is reserved.</returns>
    public static int Reserve(SafeFileHandle handle, long offset, long length) => Allocate(handle, KeepSize, offset, length);

    /// <summary>Makes a range read as zeros and gives its space back.</summary>
    /// <returns>False if the file system cannot do it.</returns>
    /// <exception cref="IOException">It failed.</exception>
    public static bool TryPunch(SafeFileHandle handle, long offset, long length, string path) => Allocate(handle, KeepSize | PunchHole, offset, length) switch
    {
        0 => true,
        LinuxCalls.NotSupported or NoCall or LinuxCalls.InvalidArgument => false,
        var error => throw LinuxCalls.Error(error, path),
    };

    /// <summary>Makes a range share its storage with one of another file.</summary>
    /// <returns>False if it could not be done: the file systems cannot, not with these offsets, or there was an error.</returns>
    public static bool TryClone(SafeFileHandle from, long fromOffset, SafeFileHandle to, long offset, long length)
    {
        var isOpen = false;
        try
        {
            // The kernel has the source's number in a field of 64 bits.
            from.DangerousAddRef(ref isOpen);
            var range = new LinuxImports.CloneRange(from.DangerousGetHandle(), (ulong)fromOffset, (ulong)length, (ulong)offset);
            return LinuxImports.Control(to, CloneRequest, range) == 0;
        }
        finally
        {
            if (isOpen)
            {
                from.DangerousRelease();
            }
        }
    }

    /// <summary>Copies a range of one file into another in the kernel, or on the server of a network file system.</summary>
    /// <param name="copied">Bytes copied; may be fewer than <paramref name="length"/>, and are none at the end of the source.</param>
    /// <returns>The system's error number; 0 if there was none.</returns>
    public static int Copy(SafeFileHandle from, long fromOffset, SafeFileHandle to, long offset, long length, out long copied)
    {
        while (true)
        {
            copied = LinuxImports.Copy(from, ref fromOffset, to, ref offset, (nuint)length, 0);
            var error = copied >= 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                copied = Math.Max(0, copied);
                return error;
            }
        }
    }

    private static int Allocate(SafeFileHandle handle, int mode, long offset, long length)
    {
        while (true)
        {
            var error = LinuxImports.Allocate(handle, mode, offset, length) == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error != Interrupted)
            {
                return error;
            }
        }
    }
}
