
namespace P2PShare.Integration.Cmdlets;

/// <summary>What the module brings into a process that is not made for it. Here the tests themselves refer to the engine, so another one is asked.</summary>
public sealed class IsolationTests : IDisposable
{
    private const string Loaded = """
        [System.Runtime.Loader.AssemblyLoadContext]::All | ForEach-Object {
            $name = $_.Name
            $_.Assemblies | Where-Object { -not $_.IsDynamic -and $_.Location -like "*P2PShare.Cmdlets.dll" -or $_.Location -like "*[\\/]engine[\\/]*" } |
                ForEach-Object { "${name}: $($_.GetName().Name)" }
        }
        """;

    private readonly ShellFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Importing_loads_the_cmdlets_and_nothing_of_the_engine()
    {
        using var shell = await ShellProcess.RunAsync(_folder, ["-Command", Loaded]);

        Assert.Equal(["Default: P2PShare.Cmdlets"], shell.Output);
    }

    [Fact]
    public async Task The_engine_and_its_packages_are_loaded_into_their_own_context()
    {
        using var shell = await ShellProcess.RunAsync(_folder, ["-Command", $$"""
            $password = [securestring]::new()
            'correct horse battery'.ToCharArray() | ForEach-Object { $password.AppendChar($_) }
            try { $null = New-P2PUser 127.0.0.1:1 -UserName a -Password $password -ErrorAction Stop } catch { $_.FullyQualifiedErrorId }
            {{Loaded}}
            """]);

        Assert.StartsWith("TrackerUnreachable", shell.Output[0], StringComparison.Ordinal);
        Assert.Equal(["Default: P2PShare.Cmdlets"], shell.Output.Where(line => line.StartsWith("Default: ", StringComparison.Ordinal)));
        Assert.Contains("P2PShare engine: P2PShare.Transfer", shell.Output);
        Assert.Contains("P2PShare engine: Microsoft.Data.Sqlite", shell.Output);
    }
}
