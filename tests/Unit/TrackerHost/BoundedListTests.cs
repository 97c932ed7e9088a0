using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Http;

namespace P2PShare.Unit.TrackerHost;

/// <summary>Every list of every request has a bound, and the tracker reads no item beyond it.</summary>
public sealed class BoundedListTests
{
    private static readonly Type[] Requests =
    [
        .. typeof(TrackerJson).Assembly.GetTypes()
            .Where(type => type.Namespace == typeof(TrackerJson).Namespace && type.Name.EndsWith("Request", StringComparison.Ordinal)),
    ];

    // An item of each kind of list.
    private static readonly Dictionary<Type, object> Items = new()
    {
        [typeof(string)] = "10.0.0.1",
        [typeof(Hash256)] = Hash256.Compute([1]),
        [typeof(Announcement)] = new Announcement(Guid.Empty, Hash256.Compute([1]), true),
        [typeof(ShareFileRequest)] = new ShareFileRequest("file", 1, 65536, Hash256.Compute([1])),
    };

    private static readonly object[] Messages =
    [
        new AnnounceRequest(default, 1, [], true, [], [], 0), new SourcesRequest(Guid.Empty, default, default, []), new WithdrawFilesRequest([]), new ShareFilesRequest([]),
    ];

    private static readonly JsonSerializerOptions Json = MakeOptions();

    public static TheoryData<string, string> Lists
    {
        get
        {
            var lists = new TheoryData<string, string>();
            foreach (var list in Requests.SelectMany(ListsOf))
            {
                lists.Add(list.DeclaringType!.Name, list.Name);
            }

            return lists;
        }
    }

    [Fact]
    public void There_are_lists() => Assert.Equal(6, Lists.Count);

    [Fact]
    public void Every_list_of_a_request_has_a_bound() =>
        Assert.Empty(Requests.SelectMany(ListsOf).Where(list => list.GetCustomAttribute<MaxItemsAttribute>() is null).Select(list => $"{list.DeclaringType!.Name}.{list.Name}"));

    // A list within an item would have the product of two bounds.
    [Fact]
    public void No_item_of_a_list_has_a_list() => Assert.Empty(
        Requests.SelectMany(type => type.GetProperties()).Select(property => property.PropertyType)
            .SelectMany(type => type.IsGenericType ? type.GetGenericArguments() : [type])
            .Where(type => type.Namespace == typeof(TrackerJson).Namespace).SelectMany(ListsOf).Select(list => $"{list.DeclaringType!.Name}.{list.Name}"));

    [Theory]
    [MemberData(nameof(Lists))]
    public void As_many_items_as_the_bound_are_read_and_one_more_is_not(string typeName, string listName)
    {
        var message = Messages.Single(message => message.GetType().Name == typeName);
        var list = message.GetType().GetProperty(listName)!;
        var most = list.GetCustomAttribute<MaxItemsAttribute>()!.Count;
        var name = JsonNamingPolicy.CamelCase.ConvertName(listName);

        var read = JsonSerializer.Deserialize(Write(most), message.GetType(), Json);
        var error = Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(Write(most + 1), message.GetType(), Json));

        Assert.Equal(most, ((IEnumerable)list.GetValue(read)!).Cast<object>().Count());
        Assert.Contains($"{name} has more than {most} items", error.Message, StringComparison.Ordinal);

        string Write(int count)
        {
            var node = JsonNode.Parse(JsonSerializer.Serialize(message, message.GetType(), Json))!;
            var item = JsonSerializer.Serialize(Items[list.PropertyType.GetGenericArguments()[0]], Json);
            node[name] = new JsonArray([.. Enumerable.Range(0, count).Select(_ => JsonNode.Parse(item))]);
            return node.ToJsonString();
        }
    }

    [Fact]
    public void An_announce_with_260000_addresses_costs_no_more_than_one_with_few()
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(new AnnounceRequest(default, 1, [], true, [], [], 0), Json);
        var text = System.Text.Encoding.UTF8.GetString(json).Replace("\"addresses\":[]", $"\"addresses\":[{string.Join(',', Enumerable.Repeat("\"::1\"", 260_000))}]", StringComparison.Ordinal);
        var body = System.Text.Encoding.UTF8.GetBytes(text);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<AnnounceRequest>(body, Json));

        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<AnnounceRequest>(body, Json));

        // Strings for all of them would take 8 MB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 200_000);
    }

    [Theory]
    [InlineData("""{"names":null}""")]
    [InlineData("""{"names":[null]}""")]
    [InlineData("""{"names":"x"}""")]
    [InlineData("""{"names":[1]}""")]
    [InlineData("""{"names":["x"}""")]
    [InlineData("{}")]
    public void What_is_not_a_list_of_items_is_refused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<WithdrawFilesRequest>(json, Json));

    private static IEnumerable<PropertyInfo> ListsOf(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
        .Where(property => typeof(IEnumerable).IsAssignableFrom(property.PropertyType) && property.PropertyType != typeof(string) && property.PropertyType != typeof(byte[]));

    private static JsonSerializerOptions MakeOptions()
    {
        var services = new ServiceCollection();
        services.AddTrackerJson();
        return services.BuildServiceProvider().GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
    }
}
