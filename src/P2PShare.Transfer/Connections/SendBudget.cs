using System.Buffers;
using P2PShare.Protocol.Wire;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// The memory in which answers are made, while they are written. A connection has one buffer at a time, a large one as long as
/// there are few in use, altogether and for its user; else a small one, so that slow receivers take no memory from others. Safe for
/// concurrent use.
/// </summary>
internal sealed class SendBudget
{
    /// <summary>Bytes of a block that a large buffer holds: the usual request.</summary>
    public const int LargeStep = 256 * 1024;

    /// <summary>Bytes of a block that a small buffer holds: more than the longest answer to a hash request.</summary>
    public const int SmallStep = 32 * 1024;

    /// <summary>Large buffers in use at once.</summary>
    public const int MaxLarge = 64;

    /// <summary>Large buffers in use at once for one user.</summary>
    public const int MaxLargePerUser = 16;

    private const int Header = Frame.HeaderLength + PieceHeader.Length;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, User> _users = [];
    private int _large;
    private int _small;

    /// <summary>Bytes of answers that connections can hold now.</summary>
    public long BytesInUse => Volatile.Read(ref _large) * (long)(LargeStep + Header) + Volatile.Read(ref _small) * (long)(SmallStep + Header);

    /// <summary>The share of a user whose connection begins.</summary>
    public User Enter(Guid id)
    {
        lock (_lock)
        {
            if (!_users.TryGetValue(id, out var user))
            {
                _users[id] = user = new User(id);
            }

            user.Connections++;
            return user;
        }
    }

    /// <summary>Ends what <see cref="Enter"/> began.</summary>
    public void Leave(User user)
    {
        lock (_lock)
        {
            if (--user.Connections == 0)
            {
                _users.Remove(user.Id);
            }
        }
    }

    /// <summary>Takes a buffer for answers to a user.</summary>
    /// <param name="user">Null: one that is not known.</param>
    public Buffer Rent(User? user)
    {
        if (TryIncrement(ref _large, MaxLarge))
        {
            if (user is null || TryIncrement(ref user.Large, MaxLargePerUser))
            {
                return new Buffer(ArrayPool<byte>.Shared.Rent(Header + LargeStep), Header + LargeStep, user);
            }

            Interlocked.Decrement(ref _large);
        }

        Interlocked.Increment(ref _small);
        return new Buffer(ArrayPool<byte>.Shared.Rent(Header + SmallStep), Header + SmallStep, user);
    }

    public void Return(in Buffer buffer)
    {
        if (buffer.Length == Header + SmallStep)
        {
            Interlocked.Decrement(ref _small);
        }
        else
        {
            Interlocked.Decrement(ref _large);
            if (buffer.User is { } user)
            {
                Interlocked.Decrement(ref user.Large);
            }
        }

        ArrayPool<byte>.Shared.Return(buffer.Array);
    }

    private static bool TryIncrement(ref int count, int max)
    {
        if (Interlocked.Increment(ref count) <= max)
        {
            return true;
        }

        Interlocked.Decrement(ref count);
        return false;
    }

    /// <param name="Array">At least as long as <paramref name="Length"/>.</param>
    /// <param name="Length">Bytes that may be used.</param>
    public readonly record struct Buffer(byte[] Array, int Length, User? User);

    /// <summary>What the connections of one user share.</summary>
    public sealed class User(Guid id)
    {
        internal int Large;

        internal Guid Id => id;

        internal int Connections { get; set; }
    }
}
