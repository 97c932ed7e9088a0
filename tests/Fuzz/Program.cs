using P2PShare.Fuzz;
using SharpFuzz;

// 'seeds FOLDER' writes valid inputs, 'run FILE' tries one input, and without either the fuzzer sends input after input.
if (args.Length == 0 || !FuzzTarget.All.TryGetValue(args[0], out var target))
{
    return ShowUsage();
}

switch (args)
{
    case [_, "seeds", var folder]:
        var number = 0;
        foreach (var seed in target.Seeds())
        {
            File.WriteAllBytes(Path.Combine(folder, $"seed-{number++}"), seed);
        }

        return 0;
    case [_, "run", var file]:
        target.Try(File.ReadAllBytes(file));
        return 0;
    case [_]:
        Fuzzer.OutOfProcess.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            target.Try(input.ToArray());
        });
        return 0;
    default:
        return ShowUsage();
}

static int ShowUsage()
{
    Console.Error.WriteLine($"usage: P2PShare.Fuzz {string.Join('|', FuzzTarget.All.Keys)} [seeds FOLDER | run FILE]");
    return 2;
}
