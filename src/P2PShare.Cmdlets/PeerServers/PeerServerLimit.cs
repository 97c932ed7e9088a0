namespace P2PShare.Cmdlets.PeerServers;

internal static class PeerServerLimit
{
    /// <summary>Converts a parameter's 0, which is no limit, to the engine's null.</summary>
    public static long? ToEngine(long? bytesPerSecond) => bytesPerSecond is 0 ? null : bytesPerSecond;
}
