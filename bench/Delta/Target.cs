using System.Globalization;
using P2PShare.Bench.Delta.Subjects;
using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Delta;

/// <summary>What an update with this program may cost at most.</summary>
/// <param name="Subject">As the table names it.</param>
/// <param name="Unit">Of the figure.</param>
/// <param name="Most">The greatest figure that meets it.</param>
/// <param name="Rate">Mbit/s, the only rate at which it counts; null: at each.</param>
internal sealed record Target(Case Case, string Subject, string Unit, double Most, double? Rate = null)
{
    /// <summary>What an update may cost: its bytes, and its time beside rsync and beside receiving without an old file.</summary>
    public static IReadOnlyList<Target> All { get; } =
    [
        .. Of([Case.ImageInPlace, Case.BuildFolder], [Variant.Beside, Variant.Changing], Units.LineRatio, 1.10),
        .. Of([Case.ImageRebuilt, Case.Tar], [Variant.Mapped, Variant.Reusing], Units.ChunkRatio, 1.25),
        .. Of([Case.Sparse], [Variant.Beside], Units.LineRatio, 1.02),
        .. Of([Case.Sparse], [Variant.Beside], Units.DiskRatio, 1.02),
        .. Of([Case.ImageInPlace, Case.Sparse, Case.BuildFolder], [Variant.Beside, Variant.Changing], Units.TimeRatio, 1.05, 100),
        .. Of([Case.ImageInPlace, Case.ImageRebuilt, Case.Tar], [Variant.Mapped, Variant.Reusing], Units.TimeRatio, 1.05, 100),
        .. Of([Case.Receivers], [Variant.Beside, Variant.Changing, Variant.Mapped], Units.SeedRatio, 1.3),
        .. Of([Case.NoLocalFile], [Variant.Beside], Units.TimeRatio, 1.05),
        .. Of([Case.NothingEqual], [Variant.Beside, Variant.Changing, Variant.Mapped], Units.TimeRatio, 1.15),
        .. Of([Case.Compressible, Case.Incompressible], [Variant.Beside], Units.TimeRatio, 1.05),
    ];

    /// <summary>The subject whose time a subject's time is compared with.</summary>
    /// <returns>Null: the faster rsync of the round.</returns>
    public static string? ReferenceOf(Case @case) => @case switch
    {
        Case.NoLocalFile => Variant.Before.Name,
        Case.NothingEqual => Variant.Fresh.Name,
        Case.Compressible or Case.Incompressible => Variant.Uncompressed.Name,
        _ => null,
    };

    /// <summary>A row of a table, if the figure was measured.</summary>
    /// <param name="name">The case's in the figures.</param>
    public IReadOnlyList<string>? TryJudge(Figures figures, string name)
    {
        if (figures.Find(name, Subject, Unit) is not { } row)
        {
            return null;
        }

        var unit = Unit == Units.TimeRatio ? $"{Unit} {ReferenceOf(Case) ?? "rsync, the faster one"}" : Unit;
        return [name, Subject, unit, Format(Most), $"{Format(row.Median)} ({Format(row.Min)}–{Format(row.Max)})", row.Median <= Most ? "met" : "**not met**"];
    }

    private static IEnumerable<Target> Of(Case[] cases, Variant[] variants, string unit, double most, double? rate = null) =>
        from one in cases from variant in variants where variant.Cases.Contains(one) select new Target(one, variant.Name, unit, most, rate);

    private static string Format(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
