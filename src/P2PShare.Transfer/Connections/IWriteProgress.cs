namespace P2PShare.Transfer.Connections;

/// <summary>A stream that shows whether a long write moves.</summary>
internal interface IWriteProgress
{
    /// <summary>Grows each time that the network has taken a part of a write.</summary>
    long WriteSteps { get; }
}
