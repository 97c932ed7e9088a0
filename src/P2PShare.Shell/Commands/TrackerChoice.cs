using System.Globalization;
using System.Net.Sockets;

namespace P2PShare.Shell.Commands;

/// <summary>The tracker given on the command line, as the cmdlets take it.</summary>
/// <param name="Address">host:port, tried first.</param>
/// <param name="InfoFile">Full path of tracker_info.txt, which has the fingerprints and the other trackers.</param>
public sealed record TrackerChoice(string Address, string InfoFile)
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(5);

    /// <summary>Checks that the file can be read and that a tracker listens. What they say is the module's to judge.</summary>
    /// <exception cref="ShellException">There is no such file, or no tracker listens.</exception>
    internal async Task CheckAsync(CancellationToken cancellationToken)
    {
        var others = await ReadAddressesAsync(cancellationToken).ConfigureAwait(false);
        string? problem = null;
        foreach (var address in others.Prepend(Address).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            try
            {
                await KnockAsync(address, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                problem ??= e is SocketException ? e.Message : $"no answer within {AnswerTime.TotalSeconds:0} s";
            }
        }

        throw new ShellException($"The tracker {Address} cannot be reached: {problem}. Check the address, and that the tracker runs.");
    }

    private async Task<IReadOnlyList<string>> ReadAddressesAsync(CancellationToken cancellationToken)
    {
        string[] lines;
        try
        {
            lines = await File.ReadAllLinesAsync(InfoFile, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ShellException($"The tracker file '{InfoFile}' does not exist. Create it with a line 'host:port [fingerprint]' for each tracker.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ShellException($"The tracker file '{InfoFile}' cannot be read: {e.Message}", e);
        }

        var addresses = new List<string>();
        for (var number = 1; number <= lines.Length; number++)
        {
            var words = lines[number - 1].Split('#', 2)[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0)
            {
                continue;
            }

            if (words.Length > 2 || !IsAddress(words[0]) || (words.Length == 2 && !IsFingerprint(words[1])))
            {
                throw new ShellException(
                    $"Line {number} of the tracker file '{InfoFile}' is not 'host:port [fingerprint]', with 64 hexadecimal digits for the fingerprint.");
            }

            addresses.Add(words[0]);
        }

        return addresses.Count > 0
            ? addresses
            : throw new ShellException($"The tracker file '{InfoFile}' names no tracker: a line 'host:port [fingerprint]' was expected.");
    }

    /// <summary>Whether a text has the form host:port.</summary>
    internal static bool IsAddress(string text) => TrySplit(text, out _, out _);

    private static bool IsFingerprint(string text) => text.Length == 64 && text.All(char.IsAsciiHexDigit);

    private static bool TrySplit(string text, out string host, out int port)
    {
        var colon = text.LastIndexOf(':');
        host = colon > 0 ? text[..colon].Trim('[', ']') : "";
        port = 0;
        return Uri.CheckHostName(host) != UriHostNameType.Unknown
            && int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out port)
            && port is > 0 and <= 65535;
    }

    private static async Task KnockAsync(string address, CancellationToken cancellationToken)
    {
        _ = TrySplit(address, out var host, out var port);
        using var client = new TcpClient();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(AnswerTime);
        await client.ConnectAsync(host, port, limit.Token).ConfigureAwait(false);
    }
}
