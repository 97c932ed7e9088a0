using System.Reflection;
using System.Runtime.Loader;

namespace P2PShare.Cmdlets.Loading;

/// <summary>
/// Loads the engine and its packages outside PowerShell's load context, because another module may bring another SQLite.
/// </summary>
internal sealed class EngineLoadContext : AssemblyLoadContext
{
    // The assemblies that this one references. The engine's other assemblies must not be given to other modules: that would be
    // the conflict that this context avoids.
    private static readonly HashSet<string> Entrances = new(["P2PShare.Transfer", "P2PShare.Protocol"], StringComparer.OrdinalIgnoreCase);

    private static readonly Lazy<EngineLoadContext> Instance = new(() => new EngineLoadContext(
        Path.GetDirectoryName(typeof(EngineLoadContext).Assembly.Location)!));

    private readonly AssemblyDependencyResolver _resolver;
    private readonly Lazy<AssemblyDependencyResolver> _trackerResolver;

    private EngineLoadContext(string module)
        : base("P2PShare engine")
    {
        _resolver = new AssemblyDependencyResolver(Path.Combine(module, "engine", "P2PShare.Transfer.dll"));
        // The module has each native library once, with the tracker, whose folder also works by itself.
        _trackerResolver = new(() => new AssemblyDependencyResolver(Path.Combine(module, "tracker", "P2PShare.TrackerHost.dll")));
    }

    /// <summary>For <see cref="AssemblyLoadContext.Resolving"/> of the default context.</summary>
    public static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name) =>
        name.Name is { } simple && Entrances.Contains(simple) ? Instance.Value.LoadFromAssemblyName(name) : null;

    protected override Assembly? Load(AssemblyName assemblyName) =>
        _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _trackerResolver.Value.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : nint.Zero;
}
