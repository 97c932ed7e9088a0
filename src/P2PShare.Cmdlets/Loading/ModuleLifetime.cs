using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Loading;

/// <summary>Runs when the module is imported into a runspace and when it is removed.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static int _imported;

    /// <summary>Registers the folder of the engine. The first command that needs it loads it.</summary>
    /// <exception cref="PlatformNotSupportedException">The module has no native libraries for this processor.</exception>
    public void OnImport()
    {
        if (RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64))
        {
            throw new PlatformNotSupportedException(
                $"P2PShare runs on x64 and arm64, and this PowerShell is {RuntimeInformation.ProcessArchitecture}. Import it in a 64-bit PowerShell.");
        }

        // Never removed: objects of the module stay in variables, other runspaces have the module too, and a runspace that closes
        // sends no notice.
        if (Interlocked.Exchange(ref _imported, 1) == 0)
        {
            AssemblyLoadContext.Default.Resolving += EngineLoadContext.Resolve;
        }
    }

    /// <summary>Stops what the module started in this runspace.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => RunspaceState.StopCurrent();
}
