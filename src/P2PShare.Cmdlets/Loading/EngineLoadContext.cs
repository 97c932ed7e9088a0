using System.Reflection;
using System.Runtime.Loader;

namespace P2PShare.Cmdlets.Loading;

/// <summary>
/// Holds the engine and its packages, away from PowerShell's own load context: another module may bring another SQLite.
/// </summary>
internal sealed class EngineLoadContext : AssemblyLoadContext
{
    // What this assembly refers to. Anything else in the engine's folder is the engine's own business, and handing it to
    // whoever asks would be the clash that this context is there to avoid.
    private static readonly HashSet<string> Entrances = new(["P2PShare.Transfer", "P2PShare.Protocol"], StringComparer.OrdinalIgnoreCase);

    private static readonly Lazy<EngineLoadContext> Instance = new(() => new EngineLoadContext(
        Path.Combine(Path.GetDirectoryName(typeof(EngineLoadContext).Assembly.Location)!, "engine", "P2PShare.Transfer.dll")));

    private readonly AssemblyDependencyResolver _resolver;

    private EngineLoadContext(string engine)
        : base("P2PShare engine") => _resolver = new AssemblyDependencyResolver(engine);

    /// <summary>For <see cref="AssemblyLoadContext.Resolving"/> of the default context.</summary>
    public static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name) =>
        name.Name is { } simple && Entrances.Contains(simple) ? Instance.Value.LoadFromAssemblyName(name) : null;

    protected override Assembly? Load(AssemblyName assemblyName) =>
        _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : nint.Zero;
}
