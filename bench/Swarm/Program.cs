using System.Text.Json;

namespace P2PShare.Bench.Swarm;

/// <summary>The lab of swarms; and, with another first word, one of its machines' programs.</summary>
internal static class Program
{
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>How to start this program once more.</summary>
    public static string[] Self { get; } = ["dotnet", typeof(Program).Assembly.Location];

    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case ["peer", var tracker, var fingerprint, var user, var state]:
                return await PeerRole.RunAsync(tracker, fingerprint, user, state);
            case ["pour", var address]:
                return await LinkRate.PourAsync(address);
            case ["drain", var address]:
                return await LinkRate.DrainAsync(address);
        }

        Settings settings;
        try
        {
            settings = Settings.Parse(args);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            await Console.Error.WriteLineAsync($"{e.Message} Usage: {Settings.Usage}");
            return 2;
        }

        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || Array.Find(["ip", "tc", "nft"], tool => !Command.Exists(tool)) is not null)
        {
            Console.WriteLine("not run: the lab needs Linux, root, and the programs ip, tc (iproute2) and nft (nftables).");
            return 0;
        }

        using var stopping = new CancellationTokenSource();
        Console.CancelKeyPress += (_, press) =>
        {
            press.Cancel = true;
            stopping.Cancel();
        };
        using var terminating = System.Runtime.InteropServices.PosixSignalRegistration.Create(System.Runtime.InteropServices.PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            stopping.Cancel();
        });
        try
        {
            var rows = await new Lab(settings).RunAsync(stopping.Token);
            if (settings.Json is { } path)
            {
                await File.WriteAllTextAsync(path, JsonSerializer.Serialize(rows, Json));
            }

            return 0;
        }
        catch (OperationCanceledException)
        {
            return 130;
        }
    }
}
