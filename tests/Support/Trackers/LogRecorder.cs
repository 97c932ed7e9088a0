using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace P2PShare.Support;

/// <summary>Keeps everything that is logged.</summary>
internal sealed class LogRecorder : ILoggerProvider
{
    /// <summary>In the order in which they came.</summary>
    public ConcurrentQueue<Line> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Recorder(this, categoryName);

    public void Dispose()
    {
    }

    /// <param name="Text">The message, its fields and its exception.</param>
    public sealed record Line(string Category, EventId Event, IReadOnlyDictionary<string, object?> Fields, string Text);

    private sealed class Recorder(LogRecorder owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var fields = (state as IEnumerable<KeyValuePair<string, object?>> ?? []).DistinctBy(field => field.Key).ToDictionary();
            owner.Lines.Enqueue(new Line(
                category, eventId, fields, $"{formatter(state, exception)} {string.Join(' ', fields.Select(field => $"{field.Key}={field.Value}"))} {exception}"));
        }
    }
}
