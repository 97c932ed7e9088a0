using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Loading;

/// <summary>What happens when the module is imported into a runspace and removed from it.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static int _imported;

    /// <summary>Makes the engine's folder known; the first command that needs the engine loads it.</summary>
    /// <exception cref="PlatformNotSupportedException">The module has no native libraries for this processor.</exception>
    public void OnImport()
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                $"P2PShare runs on x64 and arm64, and this PowerShell is {RuntimeInformation.ProcessArchitecture}. Import it in a 64-bit PowerShell.");
        }

        // Stays for ever: objects of the module outlive it in variables, and other runspaces have it too.
        if (Interlocked.Exchange(ref _imported, 1) == 0)
        {
            AssemblyLoadContext.Default.Resolving += EngineLoadContext.Resolve;
        }
    }

    /// <summary>Ends what the module started in this runspace.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => RunspaceState.StopCurrent();
}
