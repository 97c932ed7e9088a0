using System.Globalization;

namespace P2PShare.Bench.Line;

/// <summary>
/// The line between two network namespaces, in a process of its own: it carries IP packets, and TCP runs from end to end. It answers
/// every line of its standard input with the packets and the drops of the direction from the first namespace, and ends with that input.
/// </summary>
internal static class ForwarderRole
{
    public const string Name = "forwarder";
    public const string Ready = "ok";

    /// <summary>The name of the device in either namespace.</summary>
    public const string Device = "line0";

    /// <param name="words">The two namespaces, bytes a second, and the milliseconds of the way there and back.</param>
    public static async Task RunAsync(string[] words)
    {
        var rate = double.Parse(words[2], CultureInfo.InvariantCulture);
        var roundTrip = TimeSpan.FromMilliseconds(double.Parse(words[3], CultureInfo.InvariantCulture));
        var there = new PacketQueue(rate, roundTrip / 2, roundTrip);
        var back = new PacketQueue(rate, roundTrip / 2, roundTrip);
        var opened = new TaskCompletionSource<(TunDevice First, TunDevice Second)>(TaskCreationOptions.RunContinuationsAsynchronously);
        Start(() =>
        {
            try
            {
                opened.SetResult((TunDevice.Open(words[0], Device), TunDevice.Open(words[1], Device)));
            }
            catch (Exception e)
            {
                opened.SetException(e);
            }
        });
        var (first, second) = await opened.Task;
        Start(new Direction(first, second, there).Run);
        Start(new Direction(second, first, back).Run);
        Console.WriteLine(Ready);
        while (await Console.In.ReadLineAsync() is not null)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{there.Packets} {there.Drops}"));
        }
    }

    private static void Start(ThreadStart run) => new Thread(run) { IsBackground = true }.Start();
}
