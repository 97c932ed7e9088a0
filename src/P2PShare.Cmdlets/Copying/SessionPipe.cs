using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Reflection;
using System.Threading.Channels;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Copying;

/// <summary>A script that runs in a session, takes messages as its input and answers with its output. For one caller at a time.</summary>
internal sealed class SessionPipe : IAsyncDisposable
{
    // The other side answers messages, one each; more is no conversation.
    private const int MaxWaiting = 4;

    private const int MaxErrorText = 4096;

    // Until its first message is answered a script of a target's fetches and loads the engine, over whatever line there is.
    private const int SlowAnswers = 2;
    private static readonly TimeSpan SlowPatience = TimeSpan.FromMinutes(5);

    // A session that is there answers within a second.
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(5);

    private readonly PowerShell _shell = PowerShell.Create();
    private readonly PSDataCollection<PSObject> _input = [];
    private readonly PSDataCollection<PSObject> _output = [];
    private readonly Channel<PSObject> _received = Channel.CreateBounded<PSObject>(MaxWaiting);
    private readonly Task _ended;
    private string? _firstError;
    private int _slowAnswers;

    private SessionPipe(PSSession session, string script, Hashtable? argument)
    {
        _shell.Runspace = session.Runspace;
        _shell.AddScript(script, useLocalScope: true);
        if (argument is not null)
        {
            _shell.AddArgument(argument);
            _slowAnswers = SlowAnswers;
        }

        // Nothing is kept: the other side may send without end.
        Drain(_output, Take);
        Drain(_shell.Streams.Error, one => _firstError ??= Cut(one.Exception?.Message));
        Drain(_shell.Streams.Warning);
        Drain(_shell.Streams.Verbose);
        Drain(_shell.Streams.Debug);
        Drain(_shell.Streams.Information);
        Drain(_shell.Streams.Progress);
        _ended = Task.Factory.FromAsync(_shell.BeginInvoke(_input, _output), _shell.EndInvoke);
        _ended.ContinueWith(
            ended => _received.Writer.TryComplete(ended.Exception?.InnerException), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Starts a script of this assembly in a session.</summary>
    /// <param name="resource">The name of the script's file.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.SessionUnusable"/>.</exception>
    public static SessionPipe Open(PSSession session, string resource, Hashtable? argument)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream);
        try
        {
            return new SessionPipe(session, reader.ReadToEnd(), argument);
        }
        catch (Exception e) when (e is InvalidOperationException or RuntimeException or InvalidRunspaceStateException)
        {
            throw new P2PShareException(ErrorCode.SessionUnusable, $"The session cannot be used: {PrintableCharacter.Defuse(e.Message)}", e);
        }
    }

    public void Send(Hashtable message) => _input.Add(PSObject.AsPSObject(message));

    /// <summary>Waits for the next answer.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.CopyFailed"/>: the script or the session ended, or nothing came in time.</exception>
    public async Task<PSObject> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var limit = _slowAnswers-- > 0 ? SlowPatience : AnswerPatience;
        patience.CancelAfter(limit);
        try
        {
            return await _received.Reader.ReadAsync(patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new P2PShareException(ErrorCode.CopyFailed, $"The session did not answer for {limit.TotalSeconds:0} seconds.");
        }
        catch (ChannelClosedException e)
        {
            throw new P2PShareException(ErrorCode.CopyFailed, Explain(e.InnerException), e);
        }
    }

    /// <summary>Ends the input, and waits until the script has cleaned up.</summary>
    public async Task CompleteAsync(TimeSpan patience)
    {
        _input.Complete();
        await _ended.WaitAsync(patience, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_ended.IsCompleted)
        {
            // The end of its input lets the script clean up, which a stop does not.
            await CompleteAsync(StopPatience).ConfigureAwait(false);
        }

        if (!_ended.IsCompleted)
        {
            // A session that hangs must not keep the caller.
            var stopped = Task.Factory.FromAsync(_shell.BeginStop(null, null), _shell.EndStop);
            await stopped.WaitAsync(StopPatience, TimeProvider.System).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_ended.IsCompleted)
        {
            _shell.Dispose();
            _input.Dispose();
            _output.Dispose();
        }
    }

    private static void Drain<T>(PSDataCollection<T> stream, Action<T>? take = null) => stream.DataAdded += (_, _) =>
    {
        foreach (var one in stream.ReadAll())
        {
            take?.Invoke(one);
        }
    };

    private static string? Cut(string? text) => text?.Length > MaxErrorText ? text[..MaxErrorText] : text;

    private void Take(PSObject answer)
    {
        if (!_received.Writer.TryWrite(answer))
        {
            _received.Writer.TryComplete(new P2PShareException(ErrorCode.CopyFailed, "The session answers more often than it is asked."));
        }
    }

    // An error of the script says more than that it ended.
    private string Explain(Exception? fault) => PrintableCharacter.Defuse(
        (fault as P2PShareException)?.Message ?? _firstError ?? Cut(fault?.Message) ?? "The session ended before the copy was complete.");
}
