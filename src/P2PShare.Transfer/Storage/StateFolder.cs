using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// Where a user's peers keep what outlives the shell: certificates, trusted trackers, shares, downloads.
/// Only that user can read it.
/// </summary>
public sealed class StateFolder
{
    /// <summary>Environment variable that names the folder.</summary>
    public const string EnvironmentVariable = "P2PSHARE_HOME";

    private StateFolder(string path, string? warning)
    {
        Path = path;
        Warning = warning;
        KnownTrackers = new KnownTrackers(System.IO.Path.Combine(path, KnownTrackers.FileName));
        Database = new StateDatabase(System.IO.Path.Combine(path, "state.db"));
    }

    public string Path { get; }

    /// <summary>What was changed about the folder when it was opened, as a sentence for its user; null if nothing was.</summary>
    public string? Warning { get; }

    /// <summary>Trackers whose certificate the user accepted.</summary>
    public KnownTrackers KnownTrackers { get; }

    internal StateDatabase Database { get; }

    /// <summary>Opens the folder, and creates it if it is missing. Takes other users' rights to it.</summary>
    /// <param name="path">Null: <see cref="EnvironmentVariable"/>, else the platform's application-data folder.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public static StateFolder Open(string? path = null)
    {
        path = PathOf(path);
        try
        {
            path = System.IO.Path.GetFullPath(path);
            var state = new StateFolder(path, PrivateFolder.Ensure(path));
            state.Database.Migrate();
            return state;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new P2PShareException(
                ErrorCode.StateFolderUnusable,
                $"The state folder '{path}' cannot be used: {e.Message} Mend that, or choose another folder, with {EnvironmentVariable} for instance.",
                e);
        }
    }

    /// <summary>The folder that is used if <paramref name="path"/> is given, or nothing is.</summary>
    internal static string PathOf(string? path) => path
        ?? (Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } configured
            ? configured
            : System.IO.Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
                "P2PShare"));
}
