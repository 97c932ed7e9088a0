using System.Globalization;
using System.Net.Sockets;

namespace P2PShare.Shell.Commands;

/// <summary>The tracker of the command line, in the form that the cmdlets take.</summary>
/// <param name="Address">host:port, tried first.</param>
/// <param name="InfoFile">Full path of tracker_info.txt, which has the fingerprints and the other trackers.</param>
public sealed record TrackerChoice(string Address, string InfoFile)
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    /// <summary>Checks that at least one tracker accepts connections, this one first.</summary>
    /// <param name="others">host:port of each tracker in the tracker file.</param>
    /// <exception cref="ShellException">No tracker accepts connections.</exception>
    internal void RequireReachable(IReadOnlyList<string> others)
    {
        string? problem = null;
        foreach (var address in others.Prepend(Address).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (Probe(address) is not { } failure)
            {
                return;
            }

            problem ??= failure;
        }

        throw new ShellException($"The tracker {Address} cannot be reached: {problem}. Check the address, and that the tracker runs.");
    }

    /// <summary>Whether a text has the form host:port.</summary>
    internal static bool IsAddress(string text) => TrySplit(text, out _, out _);

    private static bool TrySplit(string text, out string host, out int port)
    {
        var colon = text.LastIndexOf(':');
        host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        port = 0;
        return Uri.CheckHostName(host) != UriHostNameType.Unknown
            && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is > 0 and <= 65535;
    }

    // The problem; null: the tracker accepts connections.
    private static string? Probe(string address)
    {
        _ = TrySplit(address, out var host, out var port);
        using var client = new TcpClient();
        try
        {
            return client.ConnectAsync(host, port).Wait(AnswerTime) ? null : $"no answer within {AnswerTime.TotalSeconds:0} s";
        }
        catch (AggregateException e) when (e.InnerException is SocketException failure)
        {
            return failure.Message;
        }
    }
}
