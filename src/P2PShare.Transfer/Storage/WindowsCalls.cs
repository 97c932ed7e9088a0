using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace P2PShare.Transfer.Storage;

/// <summary>What Windows reports about an open file.</summary>
internal static partial class WindowsCalls
{
    private const int BasicInformation = 0;
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

    [LibraryImport("kernel32.dll", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetInformation(SafeFileHandle handle, out Information information);

    [LibraryImport("kernel32.dll", EntryPoint = "GetFileInformationByHandleEx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetInformation(SafeFileHandle handle, int kind, out Basic information, int size);

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
