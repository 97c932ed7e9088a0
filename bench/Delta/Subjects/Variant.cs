using P2PShare.Bench.Delta.Updates;
using P2PShare.Bench.Measuring.Programs;

namespace P2PShare.Bench.Delta.Subjects;

/// <summary>A way to receive with this program.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="Cases">In which it is measured.</param>
internal sealed record Variant(string Name, params IReadOnlyList<Case> Cases)
{
    private static readonly Case[] Files = [Case.ImageInPlace, Case.ImageRebuilt, Case.Tar, Case.NothingEqual];

    /// <summary>The old file is replaced by one beside it; the seed has no chunk map.</summary>
    public static Variant Beside { get; } = new("p2pshare", Enum.GetValues<Case>());

    /// <summary>The old file becomes the new one.</summary>
    public static Variant Changing { get; } = new("p2pshare in place", [.. Files, Case.Receivers]) { InPlace = true };

    /// <summary>As <see cref="Beside"/>, and the seed has a chunk map, as of each file from 64 MiB on that replaces another.</summary>
    public static Variant Mapped { get; } = new("p2pshare with map", [.. Files, Case.Receivers]) { ChunkMap = true };

    /// <summary>The old file is somewhere else, and named; the seed has a chunk map.</summary>
    public static Variant Reusing { get; } = new("p2pshare reuse from", Case.ImageRebuilt, Case.Tar) { ChunkMap = true, HasOld = false, ReusesOld = true };

    /// <summary>There is no old file.</summary>
    public static Variant Fresh { get; } = new("p2pshare without old", Case.NothingEqual) { HasOld = false };

    /// <summary>Nothing is compressed.</summary>
    public static Variant Uncompressed { get; } = new("p2pshare no compression", Case.Compressible, Case.Incompressible) { Compression = false };

    /// <summary>The program of another checkout, which may know nothing of old files.</summary>
    public static Variant Before { get; } = new("p2pshare before", Case.NoLocalFile) { IsOtherBuild = true };

    public static IReadOnlyList<Variant> All { get; } = [Beside, Changing, Mapped, Reusing, Fresh, Uncompressed, Before];

    public bool InPlace { get; private init; }

    public bool ChunkMap { get; private init; }

    public bool ReusesOld { get; private init; }

    public bool IsOtherBuild { get; private init; }

    public bool Compression { get; private init; } = true;

    /// <summary>Whether a receiver has the old version, if there is one, where the new one is to be.</summary>
    public bool HasOld { get; private init; } = true;

    /// <param name="old">Path of the old file if it is not where the new one is to be.</param>
    public ReceiveOptions OptionsFor(Update update, string old) =>
        new(Overwrite: HasOld && update.OldFolder is not null, InPlace: InPlace, ReuseFrom: ReusesOld ? old : null);
}
