using Microsoft.Extensions.Time.Testing;

namespace P2PShare.Support;

/// <summary>Steps of a clock for tests whose code sets its next timer when one has fired.</summary>
internal static class ClockSteps
{
    /// <summary>
    /// Advances the clock and returns when what waited for its timers has run up to its next wait. A test's own synchronisation context
    /// would send those continuations to another thread, where they could set their next timer only after the next step.
    /// </summary>
    public static Task StepAsync(this FakeTimeProvider clock, TimeSpan step) => Task.Run(() => clock.Advance(step));
}
