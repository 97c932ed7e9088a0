using System.Runtime.InteropServices;
using System.Text;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Line;

/// <summary>
/// A network device whose IP packets this process sends and receives (TUN of Linux, without packet information). It goes with the
/// process or its network namespace.
/// </summary>
internal sealed class TunDevice
{
    /// <summary>What opens one.</summary>
    public const string ControlPath = "/dev/net/tun";

    // Of asm-generic/fcntl.h, linux/sched.h and linux/if_tun.h.
    private const int ReadOnly = 0;
    private const int ReadWriteNonBlocking = 0x2 | 0x800;
    private const int NewNetwork = 0x40000000;
    private const uint SetInterface = 0x400454ca;
    private const short TunWithoutInformation = 0x0001 | 0x1000;

    private const int NameLength = 16;
    private const int RequestLength = 40;
    private const short PollIn = 1;
    private const int TryAgain = 11;
    private const int Interrupted = 4;

    private readonly int _file;

    private TunDevice(int file) => _file = file;

    /// <summary>Makes a device in a network namespace, in which it leaves the calling thread.</summary>
    /// <param name="space">The name of the namespace.</param>
    /// <param name="name">Of the device, at most 15 characters.</param>
    /// <exception cref="BenchException">The system refused it.</exception>
    public static TunDevice Open(string space, string name)
    {
        var spaceFile = Check(OpenFile($"/var/run/netns/{space}", ReadOnly), $"open the network namespace '{space}'");
        Check(SetNamespace(spaceFile, NewNetwork), $"enter the network namespace '{space}'");
        _ = CloseFile(spaceFile);
        var file = Check(OpenFile(ControlPath, ReadWriteNonBlocking), $"open {ControlPath}");
        var request = new byte[RequestLength];
        Encoding.ASCII.GetBytes(name, request);
        BitConverter.TryWriteBytes(request.AsSpan(NameLength), TunWithoutInformation);
        Check(Control(file, SetInterface, ref request[0]), $"make the device '{name}'");
        return new TunDevice(file);
    }

    /// <summary>Takes the next packet that the namespace sent through the device.</summary>
    /// <param name="buffer">Longer than the device's MTU.</param>
    /// <returns>Its length; 0: there is none now.</returns>
    /// <exception cref="BenchException">The device is gone.</exception>
    public int Read(Span<byte> buffer)
    {
        var length = ReadFile(_file, ref MemoryMarshal.GetReference(buffer), buffer.Length);
        if (length >= 0)
        {
            return (int)length;
        }

        return Marshal.GetLastPInvokeError() is TryAgain or Interrupted ? 0 : throw Failure("read from a device");
    }

    /// <summary>Lets the namespace receive a packet through the device; one that it refuses is lost, as on any line.</summary>
    public void Write(ReadOnlySpan<byte> packet) => _ = WriteFile(_file, ref MemoryMarshal.GetReference(packet), packet.Length);

    /// <summary>Waits until there is a packet to read.</summary>
    public void Wait()
    {
        var poll = new PollRequest { File = _file, Events = PollIn };
        _ = Poll(ref poll, 1, -1);
    }

    private static int Check(int result, string what) => result >= 0 ? result : throw Failure(what);

    private static BenchException Failure(string what) =>
        new($"The forwarder could not {what}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}.");

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenFile([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "close")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CloseFile(int file);

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(int file, int kind);

    [DllImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int file, nuint request, ref byte argument);

    [DllImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ReadFile(int file, ref byte buffer, nint length);

    [DllImport("libc", EntryPoint = "write")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint WriteFile(int file, ref readonly byte buffer, nint length);

    [DllImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Poll(ref PollRequest request, nuint count, int timeout);

    private struct PollRequest
    {
        public int File;
        public short Events;
        public short Returned;
    }
}
