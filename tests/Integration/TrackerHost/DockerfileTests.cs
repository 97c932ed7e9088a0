using System.Text.Json;
using System.Text.RegularExpressions;

namespace P2PShare.Integration.TrackerHost;

/// <summary>deploy/Dockerfile without a container engine: what it copies, what it pins, and its steps run one after the other.</summary>
public sealed class DockerfileTests : IDisposable
{
    private const long MaxContextBytes = 2_000_000;

    private static readonly string Path = Repository.Combine("deploy", "Dockerfile");
    private static readonly Dockerfile File = Dockerfile.Parse(System.IO.File.ReadAllText(Path));
    private static readonly IReadOnlyList<string> Context = BuildContext.Files(Repository.Root, Path + ".dockerignore");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Base_images_are_pinned_to_a_version_that_global_json_allows()
    {
        var versions = File.Stages.Select(stage => Regex.Match(stage.Image, @"^mcr\.microsoft\.com/dotnet/(sdk|aspnet):(\d+\.\d+\.\d+)(@sha256:[0-9a-f]{64})?$")).ToList();

        Assert.All(versions, version => Assert.True(version.Success));
        Assert.Equal(["sdk", "aspnet"], versions.Select(version => version.Groups[1].Value));
        using var json = JsonDocument.Parse(System.IO.File.ReadAllText(Repository.Combine("global.json")));
        var sdk = json.RootElement.GetProperty("sdk");
        var (required, pinned) = (Version.Parse(sdk.GetProperty("version").GetString()!), Version.Parse(versions[0].Groups[2].Value));
        // latestFeature: the same major and minor version, not below.
        Assert.Equal("latestFeature", sdk.GetProperty("rollForward").GetString());
        Assert.Equal((required.Major, required.Minor), (pinned.Major, pinned.Minor));
        Assert.True(pinned >= required);
        Assert.StartsWith($"{required.Major}.{required.Minor}.", versions[1].Groups[2].Value, StringComparison.Ordinal);
    }

    [Fact]
    public void The_context_is_what_the_Dockerfile_copies_and_small()
    {
        var sources = File.Stages.SelectMany(stage => stage.Steps).Where(step => step.Name == "COPY" && !step.Flags.ContainsKey("from")).SelectMany(step => step.Sources).ToList();

        Assert.All(sources, source => Assert.Contains(Context, file => IsIn(file, source)));
        Assert.All(Context, file => Assert.Contains(sources, source => IsIn(file, source)));
        Assert.DoesNotContain(Context, file => file.Contains("/bin/", StringComparison.Ordinal) || file.Contains("/obj/", StringComparison.Ordinal));
        Assert.InRange(Context.Sum(file => new FileInfo(Repository.Combine(file)).Length), 1, MaxContextBytes);
    }

    [Fact]
    public void Packages_are_restored_from_projects_and_versions_alone()
    {
        var steps = File.Stages[0].Steps;
        var restore = steps.FindIndex(step => step.Name == "RUN" && step.Rest.StartsWith("dotnet restore ", StringComparison.Ordinal));

        Assert.True(restore > 0);
        Assert.All(
            steps[..restore].Where(step => step.Name == "COPY").SelectMany(step => step.Sources),
            source => Assert.Matches(@"(\.csproj|\.props|^global\.json)$", source));
        Assert.Contains(steps[restore..], step => step.Name == "RUN" && step.Rest.Contains("dotnet publish ", StringComparison.Ordinal) && step.Rest.Contains(" --no-restore ", StringComparison.Ordinal));
    }

    [ImageStageFact]
    public async Task The_steps_make_a_tracker_that_runs_as_the_user_of_the_image_and_is_healthy()
    {
        var stages = new Dictionary<string, ImageStage>();
        var runtime = _folder.Combine("runtime");
        DotnetRuntime.CopyTo(runtime);
        UnixFile.SetMode(_folder.Path, "0755");
        foreach (var stage in File.Stages)
        {
            var image = new ImageStage(_folder.Combine($"stage{stages.Count}"), stage.Image.Contains("/sdk:", StringComparison.Ordinal) ? null : runtime);
            foreach (var step in stage.Steps)
            {
                await RunAsync(image, step, stages);
            }

            stages.Add(stage.Name, image);
        }

        var (last, container) = (File.Stages[^1], stages[""]);
        // As the mounted file.
        await System.IO.File.WriteAllTextAsync(container.PathOf("/tracker_info.txt"), "0.0.0.0:8001\n");
        var sdks = await container.RunAsync("dotnet", "--list-sdks");
        Assert.Equal((0, ""), (sdks.ExitCode, sdks.Output));
        using var process = container.Start(last.Last("ENTRYPOINT").Command);
        var output = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await Eventually.HoldsAsync(() => process.HasExited || ImageStage.FindFirstProcess(process) is not null, "the container has a first process");
            var first = ImageStage.FindFirstProcess(process) ?? 0;
            await Eventually.HoldsAsync(
                async () => process.HasExited ? throw new InvalidOperationException(string.Concat(await output)) : (await container.ExecuteAsync(first, last.Last("HEALTHCHECK").Command)).ExitCode == 0,
                "the container is healthy",
                TimeSpan.FromMinutes(1));

            var user = last.Last("USER").Rest;
            Assert.Matches($@"(?m)^Uid:\s{user}\s{user}\s", await System.IO.File.ReadAllTextAsync($"/proc/{first}/status"));
            Assert.Matches(@"(?m)^CapEff:\s0+$", await System.IO.File.ReadAllTextAsync($"/proc/{first}/status"));
            var reply = await container.ExecuteAsync(first, "curl", "-sS", "--insecure", "--fail", "https://127.0.0.1:8001/readyz");
            Assert.Equal((0, "ok"), (reply.ExitCode, reply.Output.Trim()));
            Assert.True(System.IO.File.Exists(container.PathOf("/data/tracker.db")));
            Assert.Equal("0700", UnixFile.Mode(container.PathOf("/data")));

            // docker stop
            ProcessSignal.Send(first, ProcessSignal.Terminate);
            var texts = await output.WaitAsync(TimeSpan.FromMinutes(1));
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
            Assert.Equal(0, process.ExitCode);
            Assert.Matches("fingerprint: [0-9a-f]{64}", texts[0]);
            Assert.Equal("", texts[1]);
        }
        finally
        {
            process.Kill();
        }
    }

    private static async Task RunAsync(ImageStage image, Dockerfile.Instruction step, Dictionary<string, ImageStage> stages)
    {
        switch (step.Name)
        {
            case "WORKDIR":
                image.WorkingFolder = step.Rest;
                Directory.CreateDirectory(image.PathOf("."));
                break;
            case "ENV":
                foreach (var parts in step.Words.Select(word => word.Split('=', 2)))
                {
                    image.Environment[parts[0]] = parts[1];
                }

                break;
            case "USER":
                image.User = step.Rest;
                break;
            case "RUN":
                var result = await image.RunAsync("sh", "-c", step.Rest);
                Assert.True(result.ExitCode == 0, $"{step.Rest}: {result}");
                break;
            case "COPY" when step.Flags.TryGetValue("from", out var from):
                await CopyAsync(stages[from].PathOf(step.Sources.Single()), image.PathOf(step.Words[^1]), step.Flags.GetValueOrDefault("chown"));
                break;
            case "COPY":
                CopyFromContext(image, step);
                break;
            case "VOLUME" or "EXPOSE" or "HEALTHCHECK" or "ENTRYPOINT":
                // They describe the image.
                break;
            default:
                Assert.Fail($"This test cannot run {step.Name}.");
                break;
        }
    }

    private static void CopyFromContext(ImageStage image, Dockerfile.Instruction step)
    {
        var target = step.Words[^1];
        foreach (var source in step.Sources)
        {
            var files = Context.Where(file => IsIn(file, source)).ToList();
            Assert.NotEmpty(files);
            foreach (var file in files)
            {
                // A file goes into a target that ends with a slash, or becomes it; of a folder the content goes.
                var name = file != source ? System.IO.Path.Combine(target, file[(source.Length + 1)..])
                    : target.EndsWith('/') ? System.IO.Path.Combine(target, System.IO.Path.GetFileName(file))
                    : target;
                var path = image.PathOf(name);
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
                System.IO.File.Copy(Repository.Combine(file), path, overwrite: true);
            }
        }
    }

    private static async Task CopyAsync(string from, string to, string? owner)
    {
        var copy = await ProcessOutput.RunAsync("cp", ["-r", "--preserve=mode", from, to]);
        Assert.True(copy.ExitCode == 0, copy.ToString());
        if (owner is not null)
        {
            Assert.Equal(0, (await ProcessOutput.RunAsync("chown", ["-R", owner, to])).ExitCode);
        }
    }

    private static bool IsIn(string file, string source) => file == source || file.StartsWith(source + "/", StringComparison.Ordinal);
}
