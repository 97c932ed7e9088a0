namespace P2PShare.TrackerHost.Configuration;

/// <summary>Files that a tracker hands out to machines that have no P2PShare yet.</summary>
internal sealed class PackageOptions
{
    /// <summary>Folder of the files, each named by its SHA-256 in lower-case hexadecimal digits; if it is left out, none is handed out.</summary>
    public string? PackagePath { get; set; }
}
