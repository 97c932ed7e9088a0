using System.Management.Automation;
using System.Runtime.Loader;
using P2PShare.Cmdlets.Sessions;

namespace P2PShare.Cmdlets.Loading;

/// <summary>What happens when the module is imported into a runspace and removed from it.</summary>
public sealed class ModuleLifetime : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    private static readonly Lock Gate = new();
    private static int _imports;

    public void OnImport()
    {
        lock (Gate)
        {
            if (_imports++ == 0)
            {
                AssemblyLoadContext.Default.Resolving += EngineLoadContext.Resolve;
            }
        }
    }

    public void OnRemove(PSModuleInfo psModuleInfo)
    {
        RunspaceState.StopCurrent();
        lock (Gate)
        {
            if (_imports > 0 && --_imports == 0)
            {
                AssemblyLoadContext.Default.Resolving -= EngineLoadContext.Resolve;
            }
        }
    }
}
