namespace P2PShare.Unit.Transfer.Trackers;

/// <summary>Returns one number for ever.</summary>
/// <param name="value">From 0 to below 1.</param>
internal sealed class FixedRandom(double value) : Random
{
    public override double NextDouble() => value;
}
