namespace P2PShare.Protocol.Wire;

/// <summary>What arrived is not this protocol. The only exception that decoding throws; the connection is dropped.</summary>
public sealed class WireException(string message) : Exception(message);
