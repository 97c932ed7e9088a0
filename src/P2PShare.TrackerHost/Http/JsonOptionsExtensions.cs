using System.Text.Json.Serialization;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Http;

internal static class JsonOptionsExtensions
{
    /// <summary>Reads and writes as <see cref="TrackerJson"/> does: the generated code takes its settings from here, not from its attribute.</summary>
    public static void AddTrackerJson(this IServiceCollection services) => services.ConfigureHttpJsonOptions(json =>
    {
        json.SerializerOptions.TypeInfoResolverChain.Insert(0, TrackerJson.Default);
        json.SerializerOptions.TypeInfoResolverChain.Insert(0, new BoundedLists());
        json.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        json.SerializerOptions.RespectNullableAnnotations = true;
        json.SerializerOptions.RespectRequiredConstructorParameters = true;
        json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
    });
}
