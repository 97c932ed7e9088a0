namespace P2PShare.Integration;

/// <summary>tools/words.sh, which CI runs, finds what it is there to find.</summary>
public sealed class WordsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("src/A.cs", "sealed class TrackerList;", "src/A.cs:1:")]
    [InlineData("src/TrackerList.cs", "sealed class B;", "src/TrackerList.cs: the name of the file")]
    [InlineData("docs/a.md", "fine\nThe database is away.", "docs/a.md:2:")]
    [InlineData("bench/a.json", """{"signsOfLife": 1}""", "bench/a.json:1:")]
    [InlineData("src/P2PShare.Transfer/Downloading/Piece.cs", "Part? part;", "Piece.cs:1:")]
    public async Task A_name_that_was_given_up_is_found(string path, string text, string expected)
    {
        var (code, output) = await RunAsync(path, text);

        Assert.Equal(1, code);
        Assert.Contains(expected, Assert.Single(output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("src/A.cs", "sealed class TrackerListing; // gone away, a part of it")]
    [InlineData("src/P2PShare.TrackerHost/Storage/Migrations/0002_ended_accesses.sql", "CREATE TABLE ended_accesses (id)")]
    [InlineData("src/A/obj/B.cs", "TrackerList")]
    public async Task Other_words_migrations_and_built_files_are_right(string path, string text) =>
        Assert.Equal((0, "words: none of the old names is used\n"), await RunAsync(path, text));

    private async Task<(int Code, string Output)> RunAsync(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.Combine(path))!);
        _folder.Write(path, text + "\n");
        var run = await ProcessOutput.RunAsync("bash", [Repository.Combine("tools", "words.sh"), _folder.Path]);
        return (run.ExitCode, run.Output);
    }
}
