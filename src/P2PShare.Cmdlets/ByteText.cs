using System.Globalization;

namespace P2PShare;

/// <summary>Sizes, speeds and times for a person; the views and the progress use it.</summary>
public static class ByteText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Such as <c>1.4 GiB</c>.</summary>
    public static string Size(double bytes)
    {
        var unit = 0;
        // What would round to 1024 is one of the next unit.
        while (bytes >= 1023.95 && unit < Units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        return bytes.ToString(unit == 0 ? "0" : "0.0", CultureInfo.CurrentCulture) + " " + Units[unit];
    }

    /// <summary>Such as <c>35.2 MiB/s</c>; empty for none.</summary>
    public static string Speed(double bytesPerSecond) => bytesPerSecond > 0 ? Size(bytesPerSecond) + "/s" : "";
}
