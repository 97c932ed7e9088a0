using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PShare.Transfer.Storage;

/// <summary>What Windows reports about an open file, and the space that it takes.</summary>
internal static partial class WindowsCalls
{
    private const int BasicInformation = 0;
    private const int AllocationInformation = 5;
    private const uint SetSparse = 0x900c4;
    private const uint SetZeroData = 0x980c8;
    private const uint FolderAttribute = 0x10;
    private const uint LinkAttribute = 0x400;

    /// <exception cref="IOException">The file system does not report it.</exception>
    public static FileStatus Status(SafeFileHandle handle, string path)
    {
        if (!GetInformation(handle, out var file) || !GetInformation(handle, BasicInformation, out var basic, Marshal.SizeOf<Basic>()))
        {
            throw new IOException($"'{path}' cannot be read: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}");
        }

        return new FileStatus(
            (file.Attributes & LinkAttribute) != 0 ? FileKind.Link : (file.Attributes & FolderAttribute) != 0 ? FileKind.Folder : FileKind.File,
            UnixFileMode.None,
            Owner: 0,
            file.Links,
            new FileStamp(
                (long)file.SizeHigh << 32 | file.SizeLow,
                DateTimeOffset.FromFileTime(basic.Modified).ToUniversalTime(),
                new FileIdentity(file.Volume, (long)file.IndexHigh << 32 | file.IndexLow, basic.Changed)));
    }

    /// <summary>Lets what is not written of a file take no space. Does nothing if the file system cannot.</summary>
    public static void MakeSparse(SafeFileHandle handle) => _ = Control(handle, SetSparse, default, 0, 0, 0, out _, 0);

    /// <summary>Makes a range read as zeros, without taking space if the file is sparse.</summary>
    /// <returns>False if it did not work.</returns>
    public static bool TryClear(SafeFileHandle handle, long offset, long length) =>
        Control(handle, SetZeroData, new Range(offset, offset + length), Marshal.SizeOf<Range>(), 0, 0, out _, 0);

    /// <summary>Reserves space, until the file is closed.</summary>
    /// <returns>Null, or why it failed.</returns>
    public static IOException? Reserve(SafeFileHandle handle, long size)
    {
        if (SetInformation(handle, AllocationInformation, size, sizeof(long)))
        {
            return null;
        }

        var error = Marshal.GetLastPInvokeError();
        return new IOException(new Win32Exception(error).Message, unchecked((int)0x80070000) | error);
    }

    [LibraryImport("kernel32.dll", EntryPoint = "DeviceIoControl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool Control(SafeFileHandle handle, uint code, in Range range, int size, nint result, int resultSize, out int returned, nint overlapped);

    [LibraryImport("kernel32.dll", EntryPoint = "SetFileInformationByHandle", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool SetInformation(SafeFileHandle handle, int kind, in long value, int size);

    [LibraryImport("kernel32.dll", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetInformation(SafeFileHandle handle, out Information information);

    [LibraryImport("kernel32.dll", EntryPoint = "GetFileInformationByHandleEx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetInformation(SafeFileHandle handle, int kind, out Basic information, int size);

    // FILE_ZERO_DATA_INFORMATION: from an offset to the one behind the last byte.
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Range(long Begin, long End);

    // BY_HANDLE_FILE_INFORMATION: thirteen numbers of four bytes.
    [StructLayout(LayoutKind.Explicit, Size = 52)]
    private struct Information
    {
        [FieldOffset(0)]
        public uint Attributes;
        [FieldOffset(28)]
        public uint Volume;
        [FieldOffset(32)]
        public uint SizeHigh;
        [FieldOffset(36)]
        public uint SizeLow;
        [FieldOffset(40)]
        public uint Links;
        [FieldOffset(44)]
        public uint IndexHigh;
        [FieldOffset(48)]
        public uint IndexLow;
    }

    // FILE_BASIC_INFO.
    [StructLayout(LayoutKind.Explicit, Size = 40)]
    private struct Basic
    {
        [FieldOffset(16)]
        public long Modified;
        [FieldOffset(24)]
        public long Changed;
    }
}
