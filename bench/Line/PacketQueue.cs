using System.Diagnostics;
using System.Runtime.InteropServices;

namespace P2PShare.Bench.Line;

/// <summary>
/// The packets that are on their way in one direction of a line: they leave one after the other at the line's rate, those for which
/// the queue before it has no room are dropped, and each arrives after the delay. Allocates nothing for a packet. For one thread.
/// </summary>
internal sealed class PacketQueue
{
    /// <summary>The longest packet, with room to spare for an MTU of 1500.</summary>
    public const int MaxPacket = 2048;

    // Of a record: when it arrives, then the packet's length.
    private const int LengthOffset = 8;
    private const int HeaderLength = 16;
    private const int MaxRecord = HeaderLength + MaxPacket;

    // For packets that are short beside the header of their record, and for the least of lines.
    private const double Overhead = 1.5;
    private const int LeastLength = 32 << 20;

    private readonly double _ticksPerByte;
    private readonly long _delay;
    private readonly long _maxWait;
    private readonly byte[] _ring;
    private readonly byte[] _dropped = new byte[MaxPacket];

    // Bytes written and read so far, gaps included: positions in the ring by their remainder.
    private long _written;
    private long _read;
    private long _freeAt;
    private long _packets;
    private long _drops;

    /// <param name="rate">Bytes of IP packets a second; infinity: no limit.</param>
    /// <param name="delay">From the end of the queue to the arrival.</param>
    /// <param name="maxWait">The longest that a packet may wait for those before it.</param>
    public PacketQueue(double rate, TimeSpan delay, TimeSpan maxWait)
    {
        _ticksPerByte = Stopwatch.Frequency / rate;
        _delay = Ticks(delay);
        _maxWait = Ticks(maxWait);
        var needed = double.IsInfinity(rate) ? 0 : rate * (delay + maxWait).TotalSeconds * Overhead;
        _ring = new byte[LeastLength + (int)Math.Min(needed, 1 << 30)];
    }

    /// <summary>Packets that were added, dropped ones included.</summary>
    public long Packets => Volatile.Read(ref _packets);

    /// <summary>Packets for which there was no room.</summary>
    public long Drops => Volatile.Read(ref _drops);

    public bool IsEmpty => _read == _written;

    /// <summary>Where the next packet has to be written, before it is added.</summary>
    public Span<byte> Space => HasRoom ? _ring.AsSpan(Position(_written) + HeaderLength, MaxPacket) : _dropped;

    private bool HasRoom => SkipGap(_written) + MaxRecord - _read <= _ring.Length;

    /// <summary>Adds the packet that was written into <see cref="Space"/>.</summary>
    /// <param name="now">A timestamp of <see cref="Stopwatch"/>.</param>
    public void Add(int length, long now)
    {
        Volatile.Write(ref _packets, _packets + 1);
        var begins = Math.Max(_freeAt, now);
        if (begins - now > _maxWait || !HasRoom)
        {
            Volatile.Write(ref _drops, _drops + 1);
            return;
        }

        _freeAt = begins + (long)(length * _ticksPerByte);
        var start = SkipGap(_written);
        var record = _ring.AsSpan((int)(start % _ring.Length));
        MemoryMarshal.Write(record, _freeAt + _delay);
        MemoryMarshal.Write(record[LengthOffset..], length);
        _written = start + HeaderLength + length;
    }

    /// <summary>Takes the next packet if it has arrived.</summary>
    /// <param name="now">A timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="packet">Valid until the next packet is added.</param>
    public bool TryTake(long now, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        if (IsEmpty)
        {
            return false;
        }

        var start = SkipGap(_read);
        var record = _ring.AsSpan((int)(start % _ring.Length));
        if (MemoryMarshal.Read<long>(record) > now)
        {
            return false;
        }

        packet = record.Slice(HeaderLength, MemoryMarshal.Read<int>(record[LengthOffset..]));
        _read = start + HeaderLength + packet.Length;
        return true;
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private int Position(long count) => (int)(SkipGap(count) % _ring.Length);

    // A record never goes over the end of the ring.
    private long SkipGap(long count)
    {
        var left = _ring.Length - (count % _ring.Length);
        return left < MaxRecord ? count + left : count;
    }
}
