using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Swarm;

/// <summary>The machines, the file, and what one link carries.</summary>
/// <param name="Tracker">A machine without limit.</param>
/// <param name="Hosts">The seed's first, then the receivers'.</param>
/// <param name="ContentPath">The file that the seed has.</param>
/// <param name="LinkRate">Payload bytes a second of one TCP connection.</param>
internal sealed record Lab(WorkFolder Work, Network Network, Host Tracker, IReadOnlyList<Host> Hosts, string ContentPath, double LinkRate) : IAsyncDisposable
{
    /// <summary>
    /// What a .NET program is started with: seventeen machines share two cores here, and recompiling at run time what is hot, for which a
    /// machine of its own has time, would be most of the load.
    /// </summary>
    public static IReadOnlyDictionary<string, string> SharedCores { get; } = new Dictionary<string, string> { ["DOTNET_TieredCompilation"] = "0" };

    public static async Task<Lab> CreateAsync(Plan plan, CancellationToken cancellationToken)
    {
        var work = new WorkFolder();
        Network? network = null;
        try
        {
            network = await Network.CreateAsync();
            var content = Path.Combine(work.Make("content"), "content.bin");
            RandomFile.Write(content, plan.Size, cancellationToken);
            var tracker = await network.AddAsync(null);
            var hosts = new List<Host>();
            for (var i = 0; i <= plan.Receivers.Max(); i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hosts.Add(await network.AddAsync(plan.Rate));
            }

            return new Lab(work, network, tracker, hosts, content, await Swarm.LinkRate.MeasureAsync(hosts[0], hosts[1], cancellationToken));
        }
        catch
        {
            if (network is not null)
            {
                await network.DisposeAsync();
            }

            work.Dispose();
            throw;
        }
    }

    /// <summary>The load of this machine, as <c>/proc/loadavg</c> has it.</summary>
    public static async Task<string> ReadLoadAsync(CancellationToken cancellationToken) =>
        (await File.ReadAllTextAsync("/proc/loadavg", cancellationToken)).Split(' ')[0];

    public async ValueTask DisposeAsync()
    {
        await Network.DisposeAsync();
        Work.Dispose();
    }
}
