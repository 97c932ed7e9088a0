namespace P2PShare.TrackerHost.Http;

/// <summary>The error codes with which an endpoint can answer, besides those of every endpoint.</summary>
/// <param name="Status">Null: that of each code.</param>
internal sealed record EndpointErrors(IReadOnlyList<string> Codes, int? Status = null);
