using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PShare.Transfer.Storage;

/// <summary>The calls of Linux that open files relative to an open folder, and never through a link.</summary>
internal static partial class LinuxCalls
{
    public const int ReadWrite = 0x2;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;
    public const int NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000;
    public const int PathOnly = 0x200000;

    public const int NoEntry = 2;
    public const int WouldBlock = 11;
    public const int NotPermitted = 1;
    public const int AccessDenied = 13;
    public const int FileExists = 17;
    public const int NotAFolder = 20;
    public const int IsAFolder = 21;
    public const int InvalidArgument = 22;
    public const int FileTooLarge = 27;
    public const int NoSpace = 28;
    public const int Loop = 40;
    public const int NotSupported = 95;
    public const int QuotaExceeded = 122;

    private const int Interrupted = 4;
    private const int NoDeviceOrAddress = 6;
    private const int CurrentFolder = -100;
    private const int NoFollowStatus = 0x100;
    private const int EmptyPath = 0x1000;
    private const int CachedStatus = 0x4000;
    private const uint BasicStatus = 0x7ff;
    private const int FollowLink = 0x400;
    private const int RemoveFolder = 0x200;
    private const uint NoReplace = 1;
    private const int LockShared = 1;
    private const int LockExclusive = 2;
    private const int LockWithoutWaiting = 4;
    private const int Unlock = 8;
    private const int ReadWithoutWaiting = 8;
    private const long ProcFileSystem = 0x9fa0;
    private const long SysFileSystem = 0x62656572;

    private static readonly bool IsArmOrPower =
        RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Armv6 or Architecture.Arm64 or Architecture.Ppc64le;

    private static volatile bool _cannotReadCached;

    /// <summary>Opens a folder only. The number differs between processors.</summary>
    public static int Folder { get; } = IsArmOrPower ? 0x4000 : 0x10000;

    /// <summary>Makes a file without a name in a folder.</summary>
    public static int Unnamed { get; } = 0x400000 | Folder;

    /// <summary>Does not open what a link as the last component leads to.</summary>
    public static int NoFollow { get; } = IsArmOrPower ? 0x8000 : 0x20000;

    public static uint UserId { get; } = OperatingSystem.IsLinux() ? LinuxImports.GetEffectiveUserId() : 0;

    public static uint GroupId { get; } = OperatingSystem.IsLinux() ? LinuxImports.GetEffectiveGroupId() : 0;

    /// <param name="folder">Null: the path is absolute.</param>
    /// <param name="mode">For a new file.</param>
    /// <returns>An invalid handle if it failed; <paramref name="error"/> has the system's number then.</returns>
    public static SafeFileHandle Open(SafeFileHandle? folder, string path, int flags, UnixFileMode mode, out int error)
    {
        while (true)
        {
            var handle = folder is null
                ? LinuxImports.Open(CurrentFolder, path, flags | CloseOnExec, (uint)mode)
                : LinuxImports.Open(folder, path, flags | CloseOnExec, (uint)mode);
            error = handle.IsInvalid ? Marshal.GetLastPInvokeError() : 0;
            if (error != Interrupted)
            {
                return handle;
            }
        }
    }

    /// <param name="cachedOnly">Does not ask the server of a network file system.</param>
    public static FileStatus Status(SafeFileHandle handle, string path, bool cachedOnly = false) =>
        LinuxImports.Status(handle, "", EmptyPath | (cachedOnly ? CachedStatus : 0), BasicStatus, out var raw) == 0 ? raw.ToStatus() : throw Error(Marshal.GetLastPInvokeError(), path);

    /// <summary>The status of a name in a folder; a link is not followed.</summary>
    /// <param name="folder">Null: the path is absolute.</param>
    /// <returns>Null if there is no such name.</returns>
    public static FileStatus? Find(SafeFileHandle? folder, string name, string path)
    {
        var result = folder is null
            ? LinuxImports.Status(CurrentFolder, name, NoFollowStatus, BasicStatus, out var raw)
            : LinuxImports.Status(folder, name, NoFollowStatus, BasicStatus, out raw);
        return result == 0 ? raw.ToStatus()
            : Marshal.GetLastPInvokeError() is var error and not (NoEntry or NotAFolder) ? throw Error(error, path)
            : null;
    }

    /// <returns>False if another holder's lock forbids it. A file system without locks counts as unlocked.</returns>
    public static bool TryLock(SafeFileHandle handle, bool exclusive)
    {
        while (true)
        {
            if (LinuxImports.Lock(handle, (exclusive ? LockExclusive : LockShared) | LockWithoutWaiting) == 0)
            {
                return true;
            }

            if (Marshal.GetLastPInvokeError() is var error and not Interrupted)
            {
                return error != WouldBlock;
            }
        }
    }

    /// <summary>Gives up a lock and closes the file. A child process that is being started holds a copy of the handle for a moment, and the lock with it.</summary>
    public static void UnlockAndClose(SafeFileHandle handle)
    {
        if (!handle.IsClosed)
        {
            _ = LinuxImports.Lock(handle, Unlock);
            handle.Dispose();
        }
    }

    /// <summary>Reads what is in memory already.</summary>
    /// <returns>False if a byte of it would have to be read from a disk or a server.</returns>
    public static unsafe bool TryReadCached(SafeFileHandle handle, Span<byte> buffer, long offset)
    {
        if (_cannotReadCached)
        {
            return false;
        }

        fixed (byte* start = buffer)
        {
            var vector = new LinuxImports.Vector { Start = start, Length = (nuint)buffer.Length };
            try
            {
                return LinuxImports.Read(handle, &vector, 1, offset, ReadWithoutWaiting) == buffer.Length;
            }
            catch (EntryPointNotFoundException)
            {
                _cannotReadCached = true;
                return false;
            }
        }
    }

    /// <summary>Whether a file is one that the kernel makes up while it is read.</summary>
    public static unsafe bool IsOfKernel(SafeFileHandle handle)
    {
        // struct statfs begins with the type and is shorter than this everywhere.
        var raw = stackalloc long[64];
        return LinuxImports.FileSystemStatus(handle, raw) == 0 && raw[0] is ProcFileSystem or SysFileSystem;
    }

    public static void MakeFolder(SafeFileHandle folder, string name, string path)
    {
        if (LinuxImports.MakeFolder(folder, name, 0x1ff) != 0 && Marshal.GetLastPInvokeError() is var error and not FileExists)
        {
            throw Error(error, path);
        }
    }

    /// <param name="replace">Whether a file with the new name is replaced.</param>
    /// <returns>False if there is one, and it must not be replaced.</returns>
    public static bool TryRename(SafeFileHandle folder, string from, string to, bool replace, string path)
    {
        if ((replace ? LinuxImports.Rename(folder, from, folder, to) : LinuxImports.Rename(folder, from, folder, to, NoReplace)) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is var error and not FileExists ? throw Error(error, path) : false;
    }

    /// <summary>Gives a file that was opened with <see cref="Unnamed"/> its name.</summary>
    /// <returns>False if the name exists.</returns>
    public static bool TryLink(SafeFileHandle file, SafeFileHandle folder, string name, string path)
    {
        // The call that takes the file's handle itself needs a right that few users have.
        if (LinuxImports.Link(CurrentFolder, $"/proc/self/fd/{file.DangerousGetHandle()}", folder, name, FollowLink) == 0)
        {
            return true;
        }

        return Marshal.GetLastPInvokeError() is var error and not FileExists ? throw Error(error, path) : false;
    }

    /// <returns>False if there is no such name.</returns>
    public static bool TryDelete(SafeFileHandle folder, string name, bool isFolder, string path) =>
        LinuxImports.Unlink(folder, name, isFolder ? RemoveFolder : 0) == 0
            || (Marshal.GetLastPInvokeError() is var error and not NoEntry ? throw Error(error, path) : false);

    /// <summary>The names in an open folder, without <c>.</c> and <c>..</c>.</summary>
    /// <param name="folder">Opened for reading; closed by this call.</param>
    public static unsafe IReadOnlyList<string> List(SafeFileHandle folder, string path)
    {
        // The stream owns the descriptor from here on.
        var stream = LinuxImports.OpenStream((int)folder.DangerousGetHandle());
        if (stream == null)
        {
            var error = Marshal.GetLastPInvokeError();
            folder.Dispose();
            throw Error(error, path);
        }

        folder.SetHandleAsInvalid();
        try
        {
            var names = new List<string>();
            while (true)
            {
                var entry = LinuxImports.ReadStream(stream);
                if (entry == null)
                {
                    return Marshal.GetLastPInvokeError() is var error and not 0 ? throw Error(error, path) : names;
                }

                // Inode and offset of eight bytes each, the length in two and the kind in one, then the name.
                if (Marshal.PtrToStringUTF8((nint)(entry + 19)) is { } name and not ("." or ".."))
                {
                    names.Add(name);
                }
            }
        }
        finally
        {
            _ = LinuxImports.CloseStream(stream);
        }
    }

    /// <summary>The exception that the runtime would throw for an error number.</summary>
    public static Exception Error(int error, string path) => error switch
    {
        NoEntry => new FileNotFoundException($"'{path}' does not exist.", path),
        NotPermitted or AccessDenied => new UnauthorizedAccessException($"Access to '{path}' is denied."),
        NoDeviceOrAddress => new IOException($"'{path}' is a FIFO, a socket or a device.", error),
        _ => new IOException($"{Marshal.GetPInvokeErrorMessage(error)}: '{path}'", error),
    };
}
