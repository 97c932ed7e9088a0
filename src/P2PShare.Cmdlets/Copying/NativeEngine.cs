using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// The native library of the engine in the session of a target. For the script that <c>Copy-P2PItem</c> runs there; not for other programs.
/// </summary>
public static class NativeEngine
{
    private const string Caller = "SQLitePCLRaw.provider.e_sqlite3";
    private static readonly string[] Names = ["libe_sqlite3.so", "libe_sqlite3.dylib", "e_sqlite3.dll"];

    /// <summary>
    /// Loads it for as long as the process lives. The engine stays in the process, its folder does not: a library that is only looked for when
    /// it is needed would be missing in a later copy.
    /// </summary>
    /// <param name="folder">Of the engine's files; this assembly's load context has them all.</param>
    /// <exception cref="DllNotFoundException">The file is missing, or is none for this system.</exception>
    public static void Load(string folder)
    {
        var path = Array.Find(Names, name => File.Exists(Path.Combine(folder, name))) ?? throw new DllNotFoundException($"'{folder}' has no library of SQLite.");
        var library = NativeLibrary.Load(Path.Combine(folder, path));
        var caller = AssemblyLoadContext.GetLoadContext(typeof(NativeEngine).Assembly)!.Assemblies.Single(one => one.GetName().Name == Caller);
        NativeLibrary.SetDllImportResolver(caller, (name, _, _) => name == "e_sqlite3" ? library : 0);
    }
}
