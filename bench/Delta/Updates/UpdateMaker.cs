using System.Globalization;
using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Delta.Updates;

/// <summary>Makes the versions of each case. What several cases have in common is made once, and all of a case follows from the plan's seed.</summary>
/// <param name="folder">An empty one.</param>
internal sealed class UpdateMaker(Plan plan, string folder)
{
    // Of the image, the bytes of the files in it: the rest is free space, zeros.
    private const double Filling = 0.55;

    private const string ImageName = "disk.img";
    private const string TarName = "build.tar";
    private const string SparseName = "disk.vhd";
    private const int ExtentLength = 64 * 1024;
    private const int WrittenShare = 10;
    private const string BuildName = "build";
    private const string OtherName = "content.bin";
    private const int FilesOfFolder = 50;
    private const int LongestFile = 128 * 1024;
    private const int ChangedLength = 512;

    private readonly Dictionary<Case, Update> _updates = [];
    private SourceTree? _tree;

    /// <summary>The programs that a case needs.</summary>
    public static IReadOnlyList<string> ProgramsOf(Case @case) => @case switch
    {
        Case.Tar => ["tar"],
        Case.Sparse or Case.BuildFolder or Case.Compressible or Case.Incompressible => [],
        _ => DiskImage.Programs,
    };

    public async Task<Update> MakeAsync(Case @case, CancellationToken cancellationToken)
    {
        if (!_updates.TryGetValue(@case, out var update))
        {
            await Console.Error.WriteLineAsync($"{@case}: making the versions");
            _updates[@case] = update = @case switch
            {
                Case.ImageInPlace => await ChangeImageAsync(cancellationToken),
                Case.ImageRebuilt => await RebuildImageAsync(cancellationToken),
                Case.Tar => await ArchiveAsync(cancellationToken),
                Case.Sparse => Update.Of(@case, null, WriteSparse(cancellationToken), cancellationToken),
                Case.BuildFolder => await BuildAsync(cancellationToken),
                Case.Compressible or Case.Incompressible => Update.Of(@case, null, WriteNew(@case), cancellationToken),
                Case.NoLocalFile => await OfImageAsync(@case, _ => null, cancellationToken),
                Case.NothingEqual => await OfImageAsync(@case, image => WriteOther(image.Size), cancellationToken),
                _ => await OfImageAsync(@case, image => image.OldFolder, cancellationToken),
            };
        }

        return update;
    }

    private static async Task<string> CopyAsync(string from, string to, CancellationToken cancellationToken)
    {
        await Child.RunAsync(InstalledProgram.Get("cp"), ["--archive", "--sparse=always", from, to], cancellationToken);
        return to;
    }

    private string Make(Case @case, string version) => Directory.CreateDirectory(Path.Combine(folder, $"{@case}", version)).FullName;

    private async Task<SourceTree> GetTreeAsync(CancellationToken cancellationToken) =>
        _tree ??= await SourceTree.CreateAsync(Path.Combine(folder, "tree"), (long)(plan.Size * Filling), plan.Seed, cancellationToken);

    private async Task<Update> ChangeImageAsync(CancellationToken cancellationToken)
    {
        var tree = await GetTreeAsync(cancellationToken);
        var old = Path.Combine(Make(Case.ImageInPlace, "old"), ImageName);
        var changed = Path.Combine(Make(Case.ImageInPlace, "new"), ImageName);
        await DiskImage.CreateAsync(old, tree.OldFolder, plan.Size, cancellationToken);
        File.SetLastWriteTimeUtc(old, GeneratedFile.OldTime);
        await CopyAsync(old, changed, cancellationToken);
        await DiskImage.ChangeAsync(changed, tree, Path.Combine(folder, "debugfs.commands"), cancellationToken);
        File.SetLastWriteTimeUtc(changed, GeneratedFile.NewTime);
        return Update.Of(Case.ImageInPlace, Path.GetDirectoryName(old), Path.GetDirectoryName(changed)!, cancellationToken);
    }

    private async Task<Update> RebuildImageAsync(CancellationToken cancellationToken)
    {
        var tree = await GetTreeAsync(cancellationToken);
        var image = await MakeAsync(Case.ImageInPlace, cancellationToken);
        var rebuilt = Path.Combine(Make(Case.ImageRebuilt, "new"), ImageName);
        await DiskImage.CreateAsync(rebuilt, tree.NewFolder, plan.Size, cancellationToken);
        File.SetLastWriteTimeUtc(rebuilt, GeneratedFile.NewTime);
        return Update.Of(Case.ImageRebuilt, image.OldFolder, Path.GetDirectoryName(rebuilt)!, cancellationToken);
    }

    private async Task<Update> ArchiveAsync(CancellationToken cancellationToken)
    {
        var tree = await GetTreeAsync(cancellationToken);
        var old = await WriteAsync("old", tree.OldFolder, GeneratedFile.OldTime);
        return Update.Of(Case.Tar, old, await WriteAsync("new", tree.NewFolder, GeneratedFile.NewTime), cancellationToken);

        async Task<string> WriteAsync(string version, string source, DateTime time)
        {
            var target = Make(Case.Tar, version);
            var path = Path.Combine(target, TarName);
            await Child.RunAsync(
                InstalledProgram.Get("tar"),
                ["--create", "--file", path, "--sort=name", "--format=gnu", "--owner=0", "--group=0", "--numeric-owner", "--directory", source, "."],
                cancellationToken);
            File.SetLastWriteTimeUtc(path, time);
            return target;
        }
    }

    private string WriteSparse(CancellationToken cancellationToken)
    {
        var target = Make(Case.Sparse, "new");
        var random = new Random(plan.Seed);
        using var file = new FileStream(Path.Combine(target, SparseName), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        file.SetLength(plan.SparseSize);
        var extents = Enumerable.Range(0, (int)(plan.SparseSize / ExtentLength)).ToArray();
        random.Shuffle(extents);
        var bytes = new byte[ExtentLength];
        foreach (var extent in extents.Take(extents.Length / WrittenShare).Order())
        {
            cancellationToken.ThrowIfCancellationRequested();
            random.NextBytes(bytes);
            file.Position = (long)extent * ExtentLength;
            file.Write(bytes);
        }

        return target;
    }

    private async Task<Update> BuildAsync(CancellationToken cancellationToken)
    {
        var old = Make(Case.BuildFolder, "old");
        var changed = Path.Combine(folder, $"{Case.BuildFolder}", "new");
        var random = new Random(plan.Seed);
        string[] names = [.. Enumerable.Range(0, plan.Files).Select(i => string.Create(
            CultureInfo.InvariantCulture, $"{BuildName}/folder{i / FilesOfFolder:000}/file{i:00000}.bin"))];
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            GeneratedFile.Write(Path.Combine(old, name), random.Next(ChangedLength * 2, LongestFile), random, GeneratedFile.OldTime);
        }

        await CopyAsync(old, changed, cancellationToken);
        random.Shuffle(names);
        foreach (var (index, name) in names.Take(plan.ChangedFiles).Index())
        {
            var path = Path.Combine(changed, name);
            if (index % 2 == 0)
            {
                GeneratedFile.Change(path, ChangedLength, random, GeneratedFile.NewTime);
            }
            else
            {
                GeneratedFile.Write(path, random.Next(ChangedLength * 2, LongestFile), random, GeneratedFile.NewTime);
            }
        }

        return Update.Of(Case.BuildFolder, old, changed, cancellationToken);
    }

    private async Task<Update> OfImageAsync(Case @case, Func<Update, string?> findOld, CancellationToken cancellationToken)
    {
        var image = await MakeAsync(Case.ImageInPlace, cancellationToken);
        return Update.Of(@case, findOld(image), image.NewFolder, cancellationToken);
    }

    private string WriteNew(Case @case)
    {
        var target = Make(@case, "new");
        Action<string, long, Random, DateTime> write = @case == Case.Compressible ? GeneratedFile.WriteText : GeneratedFile.Write;
        write(Path.Combine(target, OtherName), plan.Size, new Random(plan.Seed), GeneratedFile.NewTime);
        return target;
    }

    private string WriteOther(long size)
    {
        var target = Make(Case.NothingEqual, "old");
        GeneratedFile.Write(Path.Combine(target, ImageName), size, new Random(plan.Seed + 1), GeneratedFile.OldTime);
        return target;
    }
}
