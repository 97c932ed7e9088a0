namespace P2PShare.Support;

/// <summary>
/// What stands before a program that a test interrupts. A script's background jobs ignore SIGINT, and so does all that they
/// start (POSIX, 2.11): without this, a test run among them would wait for programs that ignore the signal.
/// </summary>
internal static class Interruptible
{
    private static readonly string[] DefaultSignal = ["env", "--default-signal=INT"];

    // Some env programs lack the option.
    private static readonly Lazy<bool> Works = new(() => CommandProbe.Succeeds([.. DefaultSignal, "true"]));

    public static string[] Wrapper => Works.Value ? DefaultSignal : [];
}
