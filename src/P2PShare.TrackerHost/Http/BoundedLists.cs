using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Http;

/// <summary>
/// Reads requests whose lists have a <see cref="MaxItemsAttribute"/>: an item more is an error before it is read. A body of 2 MiB
/// may have hundreds of thousands of small items, each of which costs a multiple of its text.
/// </summary>
internal sealed class BoundedLists : IJsonTypeInfoResolver
{
    /// <returns>Null for a type that has no such list.</returns>
    public JsonTypeInfo? GetTypeInfo(Type type, JsonSerializerOptions options)
    {
        var bounds = type.GetProperties()
            .Select(property => (property.Name, Bound: property.GetCustomAttribute<MaxItemsAttribute>()))
            .Where(property => property.Bound is not null)
            .ToList();
        if (bounds.Count == 0 || ((IJsonTypeInfoResolver)TrackerJson.Default).GetTypeInfo(type, options) is not { } info)
        {
            return null;
        }

        foreach (var (name, bound) in bounds)
        {
            var property = info.Properties.Single(property => property.Name == JsonNamingPolicy.CamelCase.ConvertName(name));
            property.CustomConverter = (JsonConverter)Activator.CreateInstance(
                typeof(Converter<>).MakeGenericType(property.PropertyType.GetGenericArguments()), property.Name, bound)!;
        }

        return info;
    }

    private sealed class Converter<T>(string name, MaxItemsAttribute bound) : JsonConverter<IReadOnlyList<T>>
    {
        public override IReadOnlyList<T> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new JsonException($"{name} is not a list.");
            }

            var item = (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T));
            var items = new List<T>();
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                if (items.Count == bound.Count)
                {
                    throw new JsonException($"{name} has more than {bound.Count} items: at most {bound.Count} were expected.{(bound.Advice is null ? "" : $" {bound.Advice}")}");
                }

                items.Add(JsonSerializer.Deserialize(ref reader, item)!);
            }

            return items;
        }

        public override void Write(Utf8JsonWriter writer, IReadOnlyList<T> value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var item in value)
            {
                JsonSerializer.Serialize(writer, item, (JsonTypeInfo<T>)options.GetTypeInfo(typeof(T)));
            }

            writer.WriteEndArray();
        }
    }
}
