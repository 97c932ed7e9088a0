namespace P2PShare.Cmdlets.PeerServers;

internal static class PeerServerLimit
{
    /// <summary>0, which a person types for "no limit", as the engine has it.</summary>
    public static long? ToEngine(long? bytesPerSecond) => bytesPerSecond is 0 ? null : bytesPerSecond;
}
