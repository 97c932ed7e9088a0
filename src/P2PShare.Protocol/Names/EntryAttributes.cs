namespace P2PShare.Protocol.Names;

/// <summary>What belongs to a name in a group beside its content, and is set on the file that is received under it.</summary>
/// <param name="Modified">When the file was modified last, in steps of 100 nanoseconds; null: not known.</param>
/// <param name="Executable">Whether its owner may execute it; null: not known, as on Windows.</param>
public sealed record EntryAttributes(DateTimeOffset? Modified, bool? Executable)
{
    /// <summary>The earliest time that NTFS has: midnight of 1601-01-01, UTC. The latest is the end of the year 9999, as in RFC 3339.</summary>
    public static readonly DateTimeOffset EarliestModified = new(1601, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Nothing is known.</summary>
    public static EntryAttributes None { get; } = new(null, null);

    /// <summary>Those of a local file. A time out of range is left out: the file is shared without it.</summary>
    public static EntryAttributes Of(DateTimeOffset modified, bool? executable) => new(IsInRange(modified) ? modified.ToUniversalTime() : null, executable);

    /// <summary>The reason why these cannot be the attributes of an entry, as a sentence; null if they can.</summary>
    public string? FindProblem() => Modified is { } modified && !IsInRange(modified)
        ? "A time of modification is from the years 1601 to 9999, in UTC."
        : null;

    private static bool IsInRange(DateTimeOffset modified) => modified >= EarliestModified;
}
