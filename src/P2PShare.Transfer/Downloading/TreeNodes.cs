namespace P2PShare.Transfer.Downloading;

/// <summary>Nodes of one piece's tree that stand side by side.</summary>
/// <param name="Height">Levels above the hashes of the blocks.</param>
/// <param name="First">The first one, counted in the piece.</param>
internal readonly record struct TreeNodes(int Height, int First, int Count);
