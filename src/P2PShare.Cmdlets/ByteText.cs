using System.Globalization;

namespace P2PShare;

/// <summary>Sizes, speeds and times as text of at most ten characters, for views and progress.</summary>
public static class ByteText
{
    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB"];

    /// <summary>Such as <c>1.4 GiB</c> or <c>640 MiB</c>.</summary>
    public static string Size(double bytes)
    {
        var unit = 0;
        // A number that would be rounded to 1024 is 1 of the next unit.
        while (bytes >= 1023.5 && unit < Units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        // From a hundred on, a tenth is of no use.
        return bytes.ToString(unit == 0 || bytes >= 99.95 ? "0" : "0.0", CultureInfo.CurrentCulture) + " " + Units[unit];
    }

    /// <summary>Such as <c>35.2 MiB/s</c>; empty for none.</summary>
    public static string Speed(double bytesPerSecond) => bytesPerSecond > 0 ? Size(bytesPerSecond) + "/s" : "";

    /// <summary>Such as <c>0:03:20</c> or <c>2d 04h</c>; empty for null.</summary>
    public static string Time(TimeSpan? time) => time switch
    {
        null => "",
        { TotalHours: < 24 } hours => hours.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture),
        { } days => days.ToString(@"d\d\ hh\h", CultureInfo.InvariantCulture),
    };
}
