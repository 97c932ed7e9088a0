using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Net;
using System.Net.Sockets;

namespace P2PShare.Integration.Shell.Pages;

/// <summary>The users of one page, each with a separate shell and state folder, in a folder with the files that pages name.</summary>
internal sealed class PageSession : IDisposable
{
    private readonly ShellFolder _folder = new();
    private readonly Dictionary<string, Runspace> _people = [];
    private readonly int _port = LoopbackPort.FindFree();

    public PageSession()
    {
        _folder.WriteRandom("image.vhdx", 1_000_000);
        _folder.WriteRandom("report.pdf", 100_000);
        File.Copy(Repository.Combine("README.md"), _folder.Combine("README.md"));
        foreach (var page in Directory.EnumerateFiles(Repository.Combine("docs"), "*.md"))
        {
            Directory.CreateDirectory(_folder.Combine("docs"));
            File.Copy(page, _folder.Combine("docs", System.IO.Path.GetFileName(page)));
        }
    }

    public ShellFolder Folder => _folder;

    /// <summary>Runs a block as its user, with this machine's addresses in it; returns the errors.</summary>
    public IReadOnlyList<string> Run(CodeBlock block)
    {
        using var shell = PowerShell.Create(Shell(block.Person));
        shell.AddScript(block.Text
            .Replace("tracker.example:8001", $"127.0.0.1:{_port}", StringComparison.Ordinal)
            .Replace("127.0.0.1:8001", $"127.0.0.1:{_port}", StringComparison.Ordinal)
            .Replace("./out/P2PShare", Repository.Combine("out", "P2PShare"), StringComparison.Ordinal));
        try
        {
            shell.Invoke();
        }
        catch (RuntimeException e)
        {
            return [e.Message];
        }

        return [.. shell.Streams.Error.Select(error => $"{error.InvocationInfo?.Line.Trim()}: {error}")];
    }

    public void Dispose()
    {
        // The user who started the tracker is disposed last.
        foreach (var person in _people.Values.Reverse())
        {
            person.Dispose();
        }

        _folder.Dispose();
    }

    private Runspace Shell(string person)
    {
        if (!_people.TryGetValue(person, out var runspace))
        {
            runspace = RunspaceFactory.CreateRunspace(new AnsweringHost(), InitialSessionState.CreateDefault2());
            _people.Add(person, runspace);
            runspace.Open();
            using var shell = PowerShell.Create(runspace);
            shell.AddScript("""
                param($Folder, $Manifest, $State, $Port)
                function Read-Host { $Host.UI.ReadLineAsSecureString() }
                $null = $ExecutionContext.SessionState.Path.SetLocation($Folder)
                Import-Module $Manifest
                $PSDefaultParameterValues = @{
                    'New-P2PUser:StatePath' = $State; 'Connect-P2PTracker:StatePath' = $State
                    # Stands for a user who accepts the right fingerprint; a test has no prompt.
                    'New-P2PUser:TrustOnFirstUse' = $true; 'Connect-P2PTracker:TrustOnFirstUse' = $true
                    'Start-P2PTracker:Port' = $Port; 'Start-P2PTracker:DataPath' = [IO.Path]::Combine($Folder, "tracker")
                }
                """)
                .AddParameters(new Hashtable
                {
                    ["Folder"] = _folder.Path,
                    ["Manifest"] = Repository.ModuleManifest,
                    ["State"] = _folder.Combine(person + "-state"),
                    ["Port"] = _port,
                }).Invoke();
            Assert.Empty(shell.Streams.Error);
        }

        return runspace;
    }
}
