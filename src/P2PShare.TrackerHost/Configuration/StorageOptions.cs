namespace P2PShare.TrackerHost.Configuration;

/// <summary>Where the tracker keeps its data.</summary>
internal sealed class StorageOptions
{
    /// <summary>The kind of database.</summary>
    public DatabaseKind Database { get; set; }

    /// <summary>Folder of the certificate and of an SQLite database.</summary>
    [FolderSetting]
    public string DataPath { get; set; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "P2PShare", "tracker");

    /// <summary>
    /// <c>ConnectionStrings:Tracker</c>, outside the tracker's own section as in every .NET program. Holds a password.
    /// </summary>
    internal string? ConnectionString { get; set; }
}
