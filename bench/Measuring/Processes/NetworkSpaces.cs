namespace P2PShare.Bench.Measuring.Processes;

/// <summary>Network namespaces of a benchmark. Nothing of them is left behind.</summary>
internal sealed class NetworkSpaces : IAsyncDisposable
{
    private readonly List<string> _names = [];

    /// <summary>Runs <c>ip</c>, to its end even when the benchmark is interrupted, so that it is known what there is.</summary>
    public static Task<string> RunIpAsync(params string[] arguments) => Child.RunAsync("ip", arguments, CancellationToken.None);

    public async Task AddAsync(string name)
    {
        Reaper.Watch(Leftover.Namespace, name);
        await RunIpAsync("netns", "add", name);
        _names.Add(name);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var name in _names)
        {
            try
            {
                // Its links go with it.
                await RunIpAsync("netns", "delete", name);
                Reaper.Release(Leftover.Namespace, name);
            }
            catch (BenchException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
            }
        }

        _names.Clear();
    }
}
