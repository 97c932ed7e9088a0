using System.Text.Encodings.Web;
using System.Text.Json;

namespace P2PShare.Bench.Measuring;

/// <summary>Rows for programs to read.</summary>
internal static class RowFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        // The file is never part of a web page, and people read it.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>An array of {case, subject, unit, median, min, max}.</summary>
    public static void Write(string path, IEnumerable<Row> rows) => File.WriteAllText(path, JsonSerializer.Serialize(rows, Options) + "\n");
}
