namespace P2PShare.Support;

/// <summary>Responses as text, to compare what a caller can learn from them.</summary>
internal static class ResponseText
{
    /// <summary>Status, headers and body without the time and the id of the request, which always differ.</summary>
    public static async Task<string> ReadAsync(HttpResponseMessage response)
    {
        var id = response.Headers.GetValues("X-Request-Id").Single();
        response.Headers.Remove("Date");
        var text = $"{response.StatusCode} {response.Headers} {await response.Content.ReadAsStringAsync()}";
        return text.Replace(id, "", StringComparison.Ordinal);
    }
}
