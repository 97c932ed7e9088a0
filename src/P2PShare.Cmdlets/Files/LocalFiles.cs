using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Files;

/// <summary>A local file and the name that it gets in a group.</summary>
internal sealed record LocalFile(string Path, string Name);

/// <summary>The local files that a path stands for.</summary>
internal static class LocalFiles
{
    // As Get-ChildItem without -Force, and no folder twice through a link.
    private static readonly EnumerationOptions Visible = new()
    {
        RecurseSubdirectories = true,
        IgnoreInaccessible = false,
        AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
    };

    /// <summary>Resolves a path as PowerShell does; it may stand for several.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathUnreadable"/>.</exception>
    public static IReadOnlyList<string> Resolve(SessionState session, string path, bool literal)
    {
        try
        {
            ProviderInfo provider;
            IReadOnlyList<string> resolved = literal
                ? [session.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _)]
                : session.Path.GetResolvedProviderPathFromPSPath(path, out provider);
            return provider.Name == "FileSystem" ? resolved : throw new P2PShareException(
                ErrorCode.PathUnreadable, $"'{path}' is not a file: it belongs to the provider {provider.Name}. Give a path of the file system.");
        }
        catch (Exception e) when (e is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException)
        {
            throw new P2PShareException(ErrorCode.PathNotFound, $"'{path}' does not exist. Check the path.", e);
        }
    }

    /// <summary>The folder that files go to; it may still have to be made.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.DestinationInvalid"/>.</exception>
    public static string ResolveDestination(SessionState session, string destination)
    {
        string folder;
        ProviderInfo provider;
        try
        {
            folder = session.Path.GetUnresolvedProviderPathFromPSPath(destination, out provider, out _);
        }
        catch (Exception e) when (e is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException)
        {
            throw new P2PShareException(ErrorCode.DestinationInvalid, $"'{destination}' cannot be a destination: {e.Message}", e);
        }

        if (provider.Name != "FileSystem")
        {
            throw new P2PShareException(
                ErrorCode.DestinationInvalid, $"'{destination}' belongs to the provider {provider.Name}. Give a folder of the file system.");
        }

        return File.Exists(folder)
            ? throw new P2PShareException(ErrorCode.DestinationInvalid, $"'{folder}' is a file. Give the folder that the files go to.")
            : folder;
    }

    /// <summary>A file by itself, or what is in a folder, named relative to the folder's parent.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathIsFolder"/>, <see cref="ErrorCode.PathUnreadable"/>.
    /// </exception>
    public static IReadOnlyList<LocalFile> Expand(string path, bool recurse)
    {
        if (File.Exists(path))
        {
            return [new LocalFile(path, Path.GetFileName(path))];
        }

        if (!Directory.Exists(path))
        {
            throw new P2PShareException(ErrorCode.PathNotFound, $"'{path}' does not exist. Check the path.");
        }

        if (!recurse)
        {
            throw new P2PShareException(ErrorCode.PathIsFolder, $"'{path}' is a folder. Give a file, or share all that is in it with -Recurse.");
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var parent = Path.GetDirectoryName(folder) ?? folder;
        try
        {
            return [.. Directory.EnumerateFiles(folder, "*", Visible)
                .Order(StringComparer.Ordinal)
                .Select(file => new LocalFile(file, Path.GetRelativePath(parent, file).Replace(Path.DirectorySeparatorChar, '/')))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(ErrorCode.PathUnreadable, $"The folder '{path}' cannot be read: {e.Message}", e);
        }
    }
}
