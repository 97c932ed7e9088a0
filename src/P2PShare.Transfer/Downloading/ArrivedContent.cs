namespace P2PShare.Transfer.Downloading;

/// <summary>A small content whose bytes have arrived and are not checked yet.</summary>
/// <param name="Buffer">Rented; at least as long as the content.</param>
internal readonly record struct ArrivedContent(SmallContentSource Source, WantedContent Content, byte[] Buffer)
{
    public ReadOnlySpan<byte> Bytes => Buffer.AsSpan(0, Content.Size);
}
