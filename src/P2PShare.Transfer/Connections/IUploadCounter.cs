namespace P2PShare.Transfer.Connections;

/// <summary>Counts what is sent.</summary>
internal interface IUploadCounter
{
    /// <summary>Counts bytes of pieces, just before they are written.</summary>
    void CountUpload(int bytes);
}
