using System.Management.Automation;
using System.Runtime.Loader;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Loading;

/// <summary>What happens when the module is imported into a runspace and removed from it.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static int _imported;

    /// <summary>Nothing but to say where the engine is: it is loaded by the first command that needs it.</summary>
    public void OnImport()
    {
        // Stays for ever: objects of the module outlive it in variables, other runspaces have it too, and one that closes does not say so.
        if (Interlocked.Exchange(ref _imported, 1) == 0)
        {
            AssemblyLoadContext.Default.Resolving += EngineLoadContext.Resolve;
        }
    }

    /// <summary>Ends what the module started in this runspace.</summary>
    public void OnRemove(PSModuleInfo psModuleInfo) => RunspaceState.StopCurrent();
}
