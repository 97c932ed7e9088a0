using System.Net.ServerSentEvents;
using System.Text.Json;
using P2PShare.Bench.Measuring;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Bench.Tracker;

/// <summary>A user who may ask for as much as one request can.</summary>
internal sealed class CostlyUser
{
    /// <summary>Most contents of one look-up of sources.</summary>
    public const int Contents = SourcesRequest.MaxContents;

    /// <summary>As many names of four letters as the first line of a request has room for.</summary>
    public const int Groups = 736;

    private const int User = 1;
    private const int Concurrency = 8;
    private const long Size = 64 * 1024 * 1024;

    private static readonly Hash256[] _contents = [.. Enumerable.Range(0, Contents).Select(i => Hash256.Compute(BitConverter.GetBytes(i)))];

    private readonly SimulatedPeers _peers;
    private readonly Connections _connections;
    private string? _beforeEvents;

    private CostlyUser(SimulatedPeers peers, Connections connections) => (_peers, _connections) = (peers, connections);

    /// <summary>Shares the contents, which become those of peers online, and makes the groups, in each of which something happens.</summary>
    /// <param name="holders">Peers that are online: each holds all contents.</param>
    public static async Task<CostlyUser> CreateAsync(SimulatedPeers peers, Connections connections, int holders, CancellationToken cancellationToken)
    {
        var user = new CostlyUser(peers, connections);
        await user.PostAsync(
            TrackerRoutes.Shares(SimulatedPeers.Group),
            JsonSerializer.SerializeToUtf8Bytes(
                new ShareFilesRequest([.. _contents.Select((root, i) => FileOf($"costs/{i}", root))]), TrackerJson.Default.ShareFilesRequest));
        await Load.EachAsync(holders, Concurrency, peer => peers.HoldAsync(connections, peer, _contents), cancellationToken);
        await Load.EachAsync(
            Groups,
            Concurrency,
            group => user.PostAsync(TrackerRoutes.Groups, JsonSerializer.SerializeToUtf8Bytes(new CreateGroupRequest(NameOf(group)), TrackerJson.Default.CreateGroupRequest)),
            cancellationToken);
        await user.ReadEventsAsync(Groups, after: null, events: 0);
        await Load.EachAsync(
            Groups,
            Concurrency,
            group => user.PostAsync(
                TrackerRoutes.Files(NameOf(group)), JsonSerializer.SerializeToUtf8Bytes(FileOf("file", _contents[0]), TrackerJson.Default.ShareFileRequest)),
            cancellationToken);
        return user;
    }

    /// <returns>Bytes of the answer.</returns>
    public async Task<long> FindSourcesAsync(int count)
    {
        var body = new SourcesRequest(_peers.GroupId, _contents[0], _contents[1], _contents[..count]);
        return (await PostAsync(TrackerRoutes.Sources(SimulatedPeers.Group), JsonSerializer.SerializeToUtf8Bytes(body, TrackerJson.Default.SourcesRequest))).Length;
    }

    /// <summary>Opens a stream of events, waits until nothing is missed from there on, and closes it.</summary>
    /// <inheritdoc cref="FindSourcesAsync" path="/returns"/>
    public Task<long> OpenEventsAsync(int groups) => ReadEventsAsync(groups, after: null, events: 0);

    /// <summary>The same with what happened in each group.</summary>
    /// <inheritdoc cref="FindSourcesAsync" path="/returns"/>
    public Task<long> RepeatEventsAsync() => ReadEventsAsync(Groups, _beforeEvents, Groups);

    private async Task<long> ReadEventsAsync(int groups, string? after, int events)
    {
        var path = $"{TrackerRoutes.Events}?{string.Join('&', Enumerable.Range(0, groups).Select(group => $"group={NameOf(group)}"))}";
        using var response = await _connections.OpenAsync(0, path, _peers.TokenOf(User), after);
        var (length, left) = (0L, events);
        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            length += item.Data.Length;
            if (item.EventType == GroupEventItems.Ready)
            {
                _beforeEvents ??= item.EventId;
            }
            else if (item.EventType == $"{GroupEventKind.FileShared}")
            {
                left--;
            }

            if (left == 0)
            {
                return length;
            }
        }

        throw new BenchException("The tracker ended a stream of events.");
    }

    private Task<byte[]> PostAsync(string path, byte[] json) => _connections.SendAsync(0, HttpMethod.Post, path, _peers.TokenOf(User), json);

    private static string NameOf(int group) => $"g{group:000}";

    private static ShareFileRequest FileOf(string name, Hash256 root) => new(name, Size, PieceLength.For(Size), root);
}
