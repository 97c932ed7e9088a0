using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Storage;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>What a peer is told about how it receives. It travels to the peer's process as words.</summary>
/// <param name="Overwrite">Whether a file at the destination is replaced.</param>
internal sealed record ReceiveOptions(bool Overwrite = false)
{
    private const string OverwriteWord = "overwrite";

    /// <summary>For the peer's process.</summary>
    public IEnumerable<string> Words => Overwrite ? [OverwriteWord] : [];

    /// <exception cref="BenchException">A word is not one of <see cref="Words"/>.</exception>
    public static ReceiveOptions Parse(IEnumerable<string> words) => words.Aggregate(
        new ReceiveOptions(),
        (options, word) => word switch
        {
            OverwriteWord => options with { Overwrite = true },
            _ => throw new BenchException($"'{word}' is not an option of receiving."),
        });

    /// <summary>Asks for a file of a group.</summary>
    /// <param name="destination">Full path.</param>
    public DownloadRequest RequestFor(FileResponse file, string destination) => new(file.GroupIdentity, file.Name, file.Content, destination, Overwrite);
}
