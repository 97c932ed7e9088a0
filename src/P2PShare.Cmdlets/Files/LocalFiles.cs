using System.Management.Automation;
using P2PShare.Protocol;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Cmdlets.Files;

/// <summary>The local files that paths stand for, as PowerShell reads and writes them.</summary>
internal static class LocalFiles
{
    /// <summary>Resolves a path as PowerShell does; it may stand for several files.</summary>
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
                ErrorCode.PathUnreadable, $"'{path}' is not a file: it belongs to the provider {provider.Name}. A path of the file system was expected.");
        }
        catch (Exception e) when (e is ItemNotFoundException or System.Management.Automation.DriveNotFoundException or ProviderNotFoundException)
        {
            throw new P2PShareException(ErrorCode.PathNotFound, $"'{path}' does not exist.", e);
        }
    }

    /// <summary>The folder that files are received into; it need not exist.</summary>
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
                ErrorCode.DestinationInvalid, $"'{destination}' belongs to the provider {provider.Name}. A folder of the file system was expected.");
        }

        return File.Exists(folder)
            ? throw new P2PShareException(ErrorCode.DestinationInvalid, $"'{folder}' is a file. A folder was expected.")
            : folder;
    }

    /// <summary>A single file, or the files in a folder, named relative to the folder's parent.</summary>
    /// <param name="fail">Receives a fault for each folder that cannot be read, with its path; the other files are returned.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathNotFound"/>, <see cref="ErrorCode.PathIsFolder"/>.</exception>
    public static IReadOnlyList<LocalFile> Expand(string path, bool recurse, Action<P2PShareException, object?> fail)
    {
        if (File.Exists(path))
        {
            return [new LocalFile(FollowLink(path), Path.GetFileName(path))];
        }

        if (!Directory.Exists(path))
        {
            throw new P2PShareException(ErrorCode.PathNotFound, $"'{path}' does not exist.");
        }

        if (!recurse)
        {
            throw new P2PShareException(ErrorCode.PathIsFolder, $"'{path}' is a folder. A file was expected.");
        }

        var folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        var prefix = Path.GetFileName(folder) is { Length: > 0 } name ? name + "/" : "";
        var tree = LocalTree.Read(folder, TimeProvider.System);
        foreach (var fault in tree.Faults)
        {
            fail(fault.Fault, fault.Target);
        }

        return tree.Files.Count == 0 && tree.Faults.Count == 0
            ? throw new P2PShareException(
                ErrorCode.PathNotFound, $"The folder '{path}' has no file that can be shared. Hidden files and links are left out.")
            : [.. tree.Files.Select(file => file with { Name = prefix + file.Name })];
    }

    /// <summary>The file that a link leads to, if a person named a link.</summary>
    /// <param name="path">Full path.</param>
    public static string FollowLink(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Reported when the file is opened.
            return path;
        }
    }

    /// <summary>A file as Get-Item writes it, with its mode, its owner and its provider path.</summary>
    /// <param name="path">Full path.</param>
    /// <returns>The bare file if it is gone already.</returns>
    public static object GetItem(ProviderIntrinsics provider, SessionState session, string path)
    {
        try
        {
            // In another provider's location a full path of the file system needs its provider's name.
            var qualified = session.Path.CurrentLocation.Provider.Name == "FileSystem" ? path : $"Microsoft.PowerShell.Core\\FileSystem::{path}";
            return provider.Item.Get([qualified], force: true, literalPath: true).Single();
        }
        catch (Exception e) when (e is RuntimeException and not PipelineStoppedException or InvalidOperationException)
        {
            return new FileInfo(path);
        }
    }
}
