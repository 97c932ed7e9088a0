namespace P2PShare.TrackerHost.Http;

internal static class EndpointDescription
{
    /// <summary>Describes the endpoint.</summary>
    /// <param name="operation">Unique; generated clients name their methods after it.</param>
    /// <param name="summary">One line.</param>
    /// <param name="errors">Error codes with which it can answer, besides those of every endpoint.</param>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string operation, string summary, params string[] errors) =>
        endpoint.WithName(operation).WithSummary(summary).WithMetadata(new EndpointErrors(errors));
}
