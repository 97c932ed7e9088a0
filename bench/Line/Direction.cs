using System.Diagnostics;
using System.Runtime.InteropServices;

namespace P2PShare.Bench.Line;

/// <summary>One direction of a line, for a thread of its own: moves the packets of one device to another.</summary>
internal sealed class Direction(TunDevice from, TunDevice to, PacketQueue queue)
{
    // Packets that are read before those that have arrived are written again.
    private const int Batch = 256;

    // A packet is late by as much at most, and one look costs less the more packets it finds.
    private const uint LookMicroseconds = 200;

    // Before the programs that are measured: they share the cores with the line.
    private const int Niceness = -15;

    public void Run()
    {
        _ = SetPriority(0, 0, Niceness);
        while (true)
        {
            var now = Stopwatch.GetTimestamp();
            while (queue.TryTake(now, out var packet))
            {
                to.Write(packet);
            }

            var count = 0;
            while (count < Batch && from.Read(queue.Space) is var length and > 0)
            {
                queue.Add(length, now);
                count++;
            }

            if (count == Batch)
            {
                continue;
            }

            if (queue.IsEmpty)
            {
                from.Wait();
            }
            else
            {
                _ = Sleep(LookMicroseconds);
            }
        }
    }

    // Of the calling thread.
    [DllImport("libc", EntryPoint = "setpriority")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetPriority(int kind, uint id, int niceness);

    [DllImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sleep(uint microseconds);
}
