using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>What a peer is told about how it receives. It travels to the peer's process as words.</summary>
/// <param name="Overwrite">Whether a file at the destination is replaced.</param>
/// <param name="InPlace">Whether that file becomes the new one, and not a file beside it.</param>
/// <param name="ReuseFrom">Full path of a local file whose bytes may be taken; null: none.</param>
internal sealed record ReceiveOptions(bool Overwrite = false, bool InPlace = false, string? ReuseFrom = null)
{
    private const string OverwriteWord = "overwrite";
    private const string InPlaceWord = "in-place";
    private const string ReuseWord = "reuse=";

    /// <summary>For the peer's process.</summary>
    public IEnumerable<string> Words =>
        [.. Overwrite ? [OverwriteWord] : Array.Empty<string>(), .. InPlace ? [InPlaceWord] : Array.Empty<string>(), .. ReuseFrom is null ? Array.Empty<string>() : [ReuseWord + ReuseFrom]];

    /// <exception cref="BenchException">A word is not one of <see cref="Words"/>.</exception>
    public static ReceiveOptions Parse(IEnumerable<string> words) => words.Aggregate(
        new ReceiveOptions(),
        (options, word) => word switch
        {
            OverwriteWord => options with { Overwrite = true },
            InPlaceWord => options with { InPlace = true },
            _ when word.StartsWith(ReuseWord, StringComparison.Ordinal) => options with { ReuseFrom = word[ReuseWord.Length..] },
            _ => throw new BenchException($"'{word}' is not an option of receiving."),
        });

    /// <summary>Asks for a file of a group.</summary>
    /// <param name="destination">Full path.</param>
    public DownloadRequest RequestFor(FileResponse file, string destination) => new(file.GroupIdentity, file.Name, file.Content, destination, Overwrite)
    {
        InPlace = InPlace,
        ReuseFrom = ReuseFrom is null ? [] : [new ReuseFile(ReuseFrom)],
    };
}
