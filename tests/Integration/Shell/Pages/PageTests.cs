
namespace P2PShare.Integration.Shell.Pages;

/// <summary>
/// The commands of README.md and docs/ work. A block is marked behind its fence: <c>powershell run</c> (<c>as=alice</c> where a page has
/// several users) and <c>p2pshare run</c> are run here, a page's blocks in order; <c>sh ci</c> is a command of .ci/run;
/// <c>sh machine</c> is run by FirstStepsTests on a machine of its own; <c>text</c> and the like are not commands. All other blocks are listed below with the reason why they are not run.
/// </summary>
public sealed class PageTests
{
    // Languages of blocks that show output or a file, not commands.
    private static readonly HashSet<string> NoCommands = ["text", "json", "csv", "xml", "yaml", "ini", "http", "csharp", "sql"];

    // By page and first line.
    private static readonly Dictionary<(string Page, string FirstLine), string> NotRun = new()
    {
        [("docs/copying.md", "$s = New-PSSession -HostName (Get-Content ./hosts.txt)")] = "needs other machines; run with sessions of its own by the Pester suite, Copy-P2PItem.Tests.ps1",
        [("docs/getting-started.md", "dotnet run -c Release --project src/P2PShare.Shell -- tracker.example:8001 tracker_info.txt")] = "waits for a person; what is typed there is run",
        [("docs/walkthrough.md", "dotnet build")] = "dotnet build is .ci/run's; pwsh waits for a person, and what is typed there is run",
        [("docs/operating.md", "tracker.example:8001")] = "a file",
        [("docs/operating.md", "dotnet out/P2PShare/tracker/P2PShare.TrackerHost.dll tracker_info.txt 1")] = "run by ProgramTests",
        [("docs/operating.md", "createuser --pwprompt p2pshare")] = "asks for a password; the tests make roles and databases of their own",
        [("docs/operating.md", "export Tracker__Database=postgres")] = "names a server that is not here; run by PostgresTests",
        [("docs/operating.md", "tracker1.example:8001  65e9…")] = "a file",
        [("docs/operating.md", "listening: https://tracker.example:8001")] = "output",
        [("docs/operating.md", "openssl x509 -in tracker-certificate.pem -noout -pubkey | openssl pkey -pubin -outform der | sha256sum")] = "needs openssl",
        [("docs/operating.md", "apt-get update && apt-get install -y aspnetcore-runtime-10.0   # Ubuntu from 24.04; Debian with Microsoft's feed")] = "installs packages; the archive's block is run",
        [("docs/operating.md", "scp -r out/P2PShare/tracker deploy root@tracker.example:")] = "copies to another machine",
        [("docs/operating.md", "ufw allow 8001/tcp                                                          # Ubuntu, Debian")] = "opens a firewall that is not there",
        [("docs/operating.md", "docker build -f deploy/Dockerfile -t p2pshare-tracker .")] = "needs Docker; the file's steps are run by DockerfileTests",
        [("docs/performance.md", "dotnet run -c Release --project bench -- swarm [--receivers 4,8,16] [--size 64MiB] [--rate 20] [--rounds 5]")] = "needs a machine of its own",
        [("docs/performance.md", "dotnet run -c Release --project bench -- line [--rate 1000] [--delay 50,100] [--loss 0.5] [--size 512MiB] [--rounds 3]")] = "needs a machine of its own",
        [("docs/performance.md", "dotnet run -c Release --project bench -- delta [--size 512MiB] [--sparse-size 10GiB] [--files 2000] [--changed-files 40] [--receivers 8]")] = "needs a machine of its own",
        [("docs/protocol-peer.md", "0        4      5")] = "a picture",
        [("docs/publishing.md", "./build.ps1 -Task Package")] = "run by the Pester suite, Package.Tests.ps1",
        [("docs/publishing.md", "Test-ModuleManifest ./out/P2PShare/P2PShare.psd1")] = "publishes",
        [("docs/publishing.md", "Register-PSResourceRepository -Name Local -Uri ./out -Trusted")] = "run by the Pester suite, Package.Tests.ps1",
        [("docs/telemetry.md", "dotnet-counters monitor --process-id 4711 --counters P2PShare.Transfer")] = "needs a tool that is installed apart",
        [("docs/telemetry.md", "services.AddOpenTelemetry()")] = "part of a program",
    };

    private static readonly string[] Names = [.. Directory
        .EnumerateFiles(Repository.Combine("docs"), "*.md")
        .Select(path => "docs/" + Path.GetFileName(path))
        .Append("README.md")
        .Order(StringComparer.Ordinal)];

    public static TheoryData<string> Pages => [.. Names];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Every_block_is_marked_as_run_or_listed_as_not_run(string page)
    {
        var unknown = CodeBlock.Read(Repository.Root, page)
            .Where(block => !block.Runs && !block.Marks.Contains("ci") && !block.Marks.Contains("machine") && !NoCommands.Contains(block.Language) && !NotRun.ContainsKey((block.Page, block.FirstLine)));

        Assert.Empty(unknown);
    }

    [Fact]
    public void Every_block_that_is_listed_as_not_run_exists()
    {
        var blocks = Names.SelectMany(page => CodeBlock.Read(Repository.Root, page)).Select(block => (block.Page, block.FirstLine));

        Assert.Empty(NotRun.Keys.Except(blocks));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void What_CI_is_said_to_run_is_in_its_script(string page)
    {
        var script = File.ReadAllText(Repository.Combine(".ci", "run"));
        foreach (var line in CodeBlock.Read(Repository.Root, page).Where(block => block.Marks.Contains("ci")).SelectMany(block => block.Text.Split('\n')))
        {
            Assert.Contains($"run {line.Trim()}", script, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task What_is_marked_to_run_runs_without_an_error(string page)
    {
        var blocks = CodeBlock.Read(Repository.Root, page).Where(block => block.Runs).ToArray();
        if (blocks.Length == 0)
        {
            return;
        }

        using var session = new PageSession();
        foreach (var block in blocks)
        {
            var errors = block.Language switch
            {
                "powershell" => session.Run(block),
                "p2pshare" => await RunAtPromptAsync(session.Folder, block),
                _ => [$"This test cannot run {block.Language}."],
            };
            Assert.True(errors.Count == 0, $"{block}: {string.Join('\n', errors)}");
        }
    }

    private static async Task<IReadOnlyList<string>> RunAtPromptAsync(ShellFolder folder, CodeBlock block)
    {
        await using var tracker = await TestTracker.StartAsync();
        var info = folder.Write("tracker_info.txt", $"{tracker.Address.Authority} {tracker.Address.Fingerprint}\n");
        using var shell = await ShellProcess.RunAsync(folder, [tracker.Address.Authority, info], block.Text + "\n");
        return shell.ExitCode == 0 ? shell.Errors : [.. shell.Errors, $"The exit code is {shell.ExitCode}."];
    }
}
