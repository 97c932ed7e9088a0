using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// How the messages of a tracker are read: their texts (names, details of problems) cannot act on a terminal, whatever the tracker sent
/// (<see cref="PrintableCharacter.Defuse"/>). The only place where that is done.
/// </summary>
internal static class TrackerAnswer
{
    private static readonly JsonSerializerOptions Options = new(TrackerJson.Default.Options) { Converters = { new DefusedText() } };

    /// <summary>How a message of a type of <see cref="TrackerJson"/> is read.</summary>
    public static JsonTypeInfo<T> Of<T>(JsonTypeInfo<T> type) => (JsonTypeInfo<T>)Options.GetTypeInfo(type.Type);

    private sealed class DefusedText : JsonConverter<string>
    {
        public override string? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.GetString() is { } text ? PrintableCharacter.Defuse(text) : null;

        public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options) => writer.WriteStringValue(value);
    }
}
