using System.Globalization;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PShare.Support;

/// <summary>What tests do with files of Linux that the runtime has no call for.</summary>
internal static partial class UnixFile
{
    // The user nobody.
    private const uint Other = 65534;

    /// <summary>The user id of the process's owner.</summary>
    public static uint UserId => OperatingSystem.IsLinux() ? GetUserId() : 0;

    /// <summary>The permissions of a file, as four octal digits.</summary>
    public static string Mode(string path) => OperatingSystem.IsWindows()
        ? throw new PlatformNotSupportedException()
        : Convert.ToString((int)File.GetUnixFileMode(path), 8).PadLeft(4, '0');

    /// <summary>Bytes that a file takes on the disk.</summary>
    public static unsafe long DiskSize(string path)
    {
        const int CurrentFolder = -100;
        const uint Blocks = 0x400;
        // struct statx: the number of blocks of 512 bytes is at byte 48.
        var raw = stackalloc long[32];
        Check(GetStatus(CurrentFolder, path, 0, Blocks, raw), "statx");
        return raw[6] * 512;
    }

    /// <summary>Sets permissions, given as octal digits.</summary>
    public static void SetMode(string path, string mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, (UnixFileMode)Convert.ToInt32(mode, 8));
        }
    }

    /// <summary>Makes a named pipe.</summary>
    public static string MakeFifo(string path)
    {
        Check(MakeFifo(path, 0x180), "mkfifo");
        return path;
    }

    /// <summary>Makes a second name of a file.</summary>
    public static void Link(string path, string name) => Check(MakeLink(path, name), "link");

    /// <summary>Gives a file to another user; only root can.</summary>
    public static void GiveAway(string path) => GiveAway(path, Other, Other);

    /// <summary>Gives a file to a user and a group; only root can.</summary>
    public static void GiveAway(string path, uint user, uint group) => Check(ChangeOwner(path, user, group), "lchown");

    /// <summary>Runs an action without root's right to read and write everything.</summary>
    public static void AsOrdinaryUser(Action action)
    {
        ExceptionDispatchInfo? error = null;
        // The file system's user id is a thread's own.
        var thread = new Thread(() =>
        {
            var isRoot = GetUserId() == 0;
            _ = isRoot ? SetFileSystemUserId(Other) : 0;
            try
            {
                action();
            }
            catch (Exception e)
            {
                error = ExceptionDispatchInfo.Capture(e);
            }
            finally
            {
                _ = isRoot ? SetFileSystemUserId(0) : 0;
            }
        });
        thread.Start();
        thread.Join();
        error?.Throw();
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw new IOException($"{call}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    /// <summary>Copies this process's handle of an open file, as a child process holds it until it runs its program.</summary>
    public static SafeFileHandle Duplicate(string path)
    {
        var open = Directory.GetFiles("/proc/self/fd").First(descriptor => Leads(descriptor, path));
        return new SafeFileHandle(Duplicate(int.Parse(Path.GetFileName(open), CultureInfo.InvariantCulture)), ownsHandle: true);
    }

    private static bool Leads(string descriptor, string path)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.FullName == path;
        }
        catch (IOException)
        {
            // Closed meanwhile, by another test.
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "dup", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Duplicate(int descriptor);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static unsafe partial int GetStatus(int folder, string path, int flags, uint mask, long* status);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int MakeFifo(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int MakeLink(string path, string name);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int ChangeOwner(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial uint GetUserId();

    [LibraryImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int SetFileSystemUserId(uint user);
}
