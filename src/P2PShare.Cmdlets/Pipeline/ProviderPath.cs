using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>A path that a parameter names, as a path of the file system.</summary>
internal static class ProviderPath
{
    /// <summary>Resolves a path without wildcards against the current location; it need not exist.</summary>
    /// <param name="parameter">The parameter's name, for the error.</param>
    /// <param name="code">The error's code.</param>
    /// <exception cref="P2PShareException">The path belongs to another provider, or its drive does not exist.</exception>
    public static string Resolve(SessionState session, string path, string parameter, string code)
    {
        try
        {
            var resolved = session.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
            return provider.Name == "FileSystem" ? resolved : throw new P2PShareException(
                code,
                $"'{path}', given as -{parameter}, belongs to the provider {provider.Name}, and a path of the file system was expected. The current location is '{session.Path.CurrentLocation}': give a full path, or change to a folder first.");
        }
        catch (Exception e) when (e is System.Management.Automation.DriveNotFoundException or ProviderNotFoundException or ItemNotFoundException or PSNotSupportedException)
        {
            throw new P2PShareException(code, $"'{path}', given as -{parameter}, is not a path of the file system: {e.Message}", e);
        }
    }
}
