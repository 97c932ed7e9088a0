namespace P2PShare.Support;

/// <summary>Finds programs that may not be installed.</summary>
internal static class ProgramPath
{
    /// <summary>The folders of the PATH variable, in its order.</summary>
    public static IEnumerable<string> Folders =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The full path of a program.</summary>
    /// <param name="further">Folders to search after those of PATH.</param>
    /// <returns>Null if none of the folders has it.</returns>
    public static string? Find(string name, params string[] further) =>
        Folders.Concat(further).Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
