namespace P2PShare.Support;

/// <summary>A test on a <see cref="BareMachine"/>; skipped if this machine cannot have one.</summary>
public sealed class BareMachineFactAttribute : FactAttribute
{
    public BareMachineFactAttribute() => Skip = BareMachine.Missing;
}
