using System.Management.Automation;
using System.Management.Automation.Runspaces;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Support;

/// <summary>A user's shell: a separate runspace with the built module, and a separate folder.</summary>
internal sealed class TestShell : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TestShell()
    {
        var initial = InitialSessionState.CreateDefault2();
        initial.ImportPSModule([Repository.ModuleManifest]);
        Runspace = RunspaceFactory.CreateRunspace(initial);
        Runspace.Open();
        Set("state", StatePath);
        Set("password", TestPassword.Secure());
    }

    public Runspace Runspace { get; }

    public string Folder => _folder.Path;

    public string StatePath => _folder.Combine("state");

    /// <summary>The error stream of the last script, with a terminating error at the end.</summary>
    public IReadOnlyList<ErrorRecord> Errors { get; private set; } = [];

    public IReadOnlyList<ProgressRecord> Progress { get; private set; } = [];

    public IReadOnlyList<WarningRecord> Warnings { get; private set; } = [];

    public string? ErrorId => Errors.Count == 0 ? null : Errors[0].FullyQualifiedErrorId.Split(',')[0];

    /// <summary>A shell in which a new user has connected.</summary>
    public static TestShell Connected(TestTracker tracker, string userName)
    {
        var shell = new TestShell();
        shell.UseTracker(tracker.Address);
        shell.Run("""
            $null = New-P2PUser $tracker -UserName $user -Password $password -Fingerprint $fingerprint -StatePath $state
            $session = Connect-P2PTracker $tracker -UserName $user -Password $password -StatePath $state
            """, ("user", userName));
        Assert.Empty(shell.Errors);
        return shell;
    }

    public void UseTracker(TrackerAddress address)
    {
        Set("tracker", address.Authority);
        Set("fingerprint", address.Fingerprint.ToString());
    }

    public void Set(string name, object? value) => Runspace.SessionStateProxy.SetVariable(name, value);

    public object? Get(string name) => Runspace.SessionStateProxy.GetVariable(name) is PSObject wrapped
        ? wrapped.BaseObject
        : Runspace.SessionStateProxy.GetVariable(name);

    /// <summary>Runs a script to its end.</summary>
    public IReadOnlyList<PSObject> Run(string script, params (string Name, object? Value)[] variables)
    {
        foreach (var (name, value) in variables)
        {
            Set(name, value);
        }

        using var shell = PowerShell.Create(Runspace);
        shell.AddScript(script);
        var output = new PSDataCollection<PSObject>();
        var errors = new List<ErrorRecord>();
        try
        {
            shell.Invoke(null, output);
        }
        catch (RuntimeException e)
        {
            errors.Add(e.ErrorRecord);
        }

        Errors = [.. shell.Streams.Error, .. errors];
        Progress = [.. shell.Streams.Progress];
        Warnings = [.. shell.Streams.Warning];
        return [.. output];
    }

    /// <summary>Runs a script that has to succeed.</summary>
    public IReadOnlyList<PSObject> Succeed(string script, params (string Name, object? Value)[] variables)
    {
        var output = Run(script, variables);
        Assert.True(Errors.Count == 0, string.Join("\n", Errors.Select(error => $"{error.FullyQualifiedErrorId}: {error}")));
        return output;
    }

    /// <summary>Runs a script that has to fail, and returns the id of its first error.</summary>
    public string Fail(string script, params (string Name, object? Value)[] variables)
    {
        Run(script, variables);
        return ErrorId ?? "no error";
    }

    /// <summary>Makes a file of random bytes in the shell's folder.</summary>
    public string MakeFile(string name, int size) => _folder.WriteRandom(name, size);

    public string Combine(params string[] parts) => _folder.Combine(parts);

    public void Dispose()
    {
        Runspace.Dispose();
        _folder.Dispose();
    }
}
