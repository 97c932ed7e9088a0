using System.Collections;
using System.Globalization;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// What the sender shared, so that a target takes nothing else: the tracker also lists what another member shares, and one that was approved
/// before may be anybody's machine.
/// </summary>
/// <param name="Count">Files.</param>
/// <param name="Digest">SHA-256 over the files' names, contents and attributes, in lower-case hexadecimal digits.</param>
internal sealed record CopyListing(int Count, string Digest)
{
    /// <summary>Of files, in any order.</summary>
    public static CopyListing Of(IReadOnlyCollection<FileResponse> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files.OrderBy(file => file.Name, StringComparer.Ordinal))
        {
            // No name contains a line break.
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"{file.Name}\n{file.Size}\n{file.PieceLength}\n{file.PiecesRoot}\n{file.Modified?.UtcTicks}\n{file.Executable}\n")));
        }

        return new CopyListing(files.Count, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <returns>Null if a message has none.</returns>
    public static CopyListing? FromMessage(Hashtable message) =>
        BaseObject.Of(message[nameof(Count)]) is int count && BaseObject.Of(message[nameof(Digest)]) is string digest ? new CopyListing(count, digest) : null;

    public void AddTo(Hashtable message) => (message[nameof(Count)], message[nameof(Digest)]) = (Count, Digest);
}
