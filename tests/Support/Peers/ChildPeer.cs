using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Threading.Channels;

namespace P2PShare.Support;

/// <summary>A user whose peer server runs in a process of its own, which can be killed and started again.</summary>
internal sealed class ChildPeer : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly TestTracker _tracker;
    private readonly string _userName;
    private readonly ConcurrentQueue<string> _errors = new();
    private Channel<string[]> _answers = Channel.CreateUnbounded<string[]>();
    private Process? _process;

    private ChildPeer(TestTracker tracker, string userName)
    {
        _tracker = tracker;
        _userName = userName;
    }

    public string Folder => _folder.Path;

    public int ProcessId => _process!.Id;

    /// <summary>Creates the user and makes it a member of the group; its process is not started yet.</summary>
    public static async Task<ChildPeer> CreateAsync(TestTracker tracker, string userName, TestPeer owner)
    {
        await TestPeer.CreateUserAsync(tracker, userName, owner);
        return new ChildPeer(tracker, userName);
    }

    /// <summary>Starts the process, and returns once its peer server listens.</summary>
    /// <param name="uploadLimit">Bytes a second; null: no limit.</param>
    /// <param name="wrapper">What starts the runtime and becomes it: a program and its first arguments.</param>
    public async Task StartAsync(long? uploadLimit = null, params string[] wrapper)
    {
        string[] command = [.. wrapper, "dotnet", Path.Combine(AppContext.BaseDirectory, "P2PShare.PeerProcess.dll")];
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        // A killed process may have left output, which must not count as the next one's.
        var answers = _answers = Channel.CreateUnbounded<string[]>();
        _process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                answers.Writer.TryWrite(line.Data.Split('\t'));
            }
            else
            {
                answers.Writer.TryComplete();
            }
        };
        _process.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await SendAsync(
            "start", Path.Combine(Folder, "state"), _tracker.Address.Authority, _tracker.Address.Fingerprint!.Value.ToString(),
            _userName, TestPassword.Text, (uploadLimit ?? 0).ToString(CultureInfo.InvariantCulture));
        await ExpectAsync("started");
    }

    public async Task ShareAsync(string path, string name)
    {
        await SendAsync("share", path, TestPeer.Group, name);
        await ExpectAsync("shared");
    }

    /// <summary>Starts a download; <see cref="EndOfReceiveAsync"/> returns its result.</summary>
    /// <param name="replace">Whether to replace what is at the destination.</param>
    public async Task ReceiveAsync(string name, string destination, bool replace = false)
    {
        await SendAsync(replace ? "update" : "receive", TestPeer.Group, name, destination);
        await ExpectAsync("receiving");
    }

    /// <summary>Starts a download that updates a file in place.</summary>
    public async Task UpdateAsync(string name, string destination)
    {
        await SendAsync("change", TestPeer.Group, name, destination);
        await ExpectAsync("receiving");
    }

    /// <summary>How a download ended.</summary>
    /// <returns>Null if it is complete, otherwise code and message.</returns>
    public async Task<(string Code, string Message)?> EndOfReceiveAsync() => await AnswerAsync() switch
    {
        ["received"] => null,
        ["failed", var code, var message] => (code, message),
        var other => throw new InvalidOperationException($"'{string.Join(' ', other)}' was not expected."),
    };

    /// <summary>kill -9. Returns once the process is gone.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync().WaitAsync(Deadline);
        _process.Dispose();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        _folder.Dispose();
    }

    private async Task SendAsync(params string[] words) => await _process!.StandardInput.WriteLineAsync(string.Join('\t', words));

    private async Task ExpectAsync(string word)
    {
        var answer = await AnswerAsync();
        Assert.True(answer is [var first] && first == word, $"'{word}' was expected, not '{string.Join(' ', answer)}'.");
    }

    private async Task<string[]> AnswerAsync()
    {
        try
        {
            return await _answers.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
        }
        catch (Exception e) when (e is ChannelClosedException or TimeoutException)
        {
            throw new InvalidOperationException($"The peer's process gave no answer: {string.Join('\n', _errors)}", e);
        }
    }
}
