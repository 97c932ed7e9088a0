using P2PShare.Transfer;

namespace P2PShare.Unit.Architecture;

/// <summary>The engine's folders, as docs/architecture.md shows them.</summary>
public sealed class TransferRules
{
    private static readonly FolderOrder Order = new(
        "P2PShare.Transfer", "", "Syncing", "Downloading", "Sharing", "Connections", "Trackers", "Chunking", "Storage", "Hashing", "Diagnostics");

    [Fact]
    public void A_folder_uses_only_folders_below_it() => ViolationList.AssertEmpty(Order.FindWrongArrows(typeof(PeerServer).Assembly));

    [Fact]
    public void Every_folder_of_the_order_has_types() => ViolationList.AssertEmpty(Order.FindEmptyFolders(typeof(PeerServer).Assembly));
}
