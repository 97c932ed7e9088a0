using Microsoft.Extensions.Logging;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>Hands messages to a delegate, as sentences.</summary>
/// <param name="least">Less important messages are left out.</param>
/// <param name="report">Called on any thread.</param>
public sealed class SentenceLogger(LogLevel least, Action<string> report) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            report(formatter(state, exception));
        }
    }
}
