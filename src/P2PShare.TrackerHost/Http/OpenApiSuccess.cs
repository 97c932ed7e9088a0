namespace P2PShare.TrackerHost.Http;

/// <summary>Describes the body of an endpoint's response.</summary>
internal sealed record OpenApiSuccess(string Description);
