using P2PShare.Transfer.Sharing;

namespace P2PShare.Transfer.Downloading;

/// <summary>The bytes of a content that this peer offers from a whole file.</summary>
/// <param name="path">Full path of the file.</param>
internal sealed class OfferedBytes(OfferedContent offered, string path) : IReusedBytes
{
    public bool Has(long offset, int length) => true;

    public void Read(long offset, Span<byte> buffer) => offered.Read(offset, buffer);

    public IEnumerable<ReusedRange> Locate(long offset, int length) => [new ReusedRange(offset, length, path, offset)];

    public void Dispose()
    {
        // The registry has it.
    }
}
