using System.Management.Automation;
using P2PShare.Cmdlets.Groups;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Cmdlets.Sessions;
using P2PShare.Protocol;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Cmdlets.Files;

/// <summary>Tests whether local files have the same bytes as files of a group.</summary>
/// <remarks>
/// <para>Hashes local files and compares their pieces roots with those of the group's files: equal roots mean equal bytes. A file
/// of another size is different without being read. Nothing is sent to or received from peers, and nothing is changed.</para>
/// <para>A local file that does not exist is a result (Missing) and not an error. A name without wildcards that the group does
/// not have is an error.</para>
/// </remarks>
/// <example>
/// <code>Test-P2PFile -Path ./image.vhdx -Group builds</code>
/// <para>Tests whether the file has the same bytes as image.vhdx of the group builds.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group builds | Test-P2PFile -Path ./images | Where-Object Result -ne Match</code>
/// <para>Lists the files of a group that are missing or different in a folder.</para>
/// </example>
/// <example>
/// <code>Get-P2PFile -Group builds -Name '*.vhdx' | Test-P2PFile -Path ./images -Quiet</code>
/// <para>Writes true or false for each file.</para>
/// </example>
[Cmdlet(VerbsDiagnostic.Test, "P2PFile", DefaultParameterSetName = PathSet)]
[OutputType(typeof(P2PFileTest), typeof(bool))]
public sealed class TestP2PFile : SessionCmdlet
{
    private const string PathSet = "Path";
    private const string LiteralPathSet = "LiteralPath";
    private const string InputObjectSet = "InputObject";
    private const int ActivityId = 21000;

    private FileSelection? _selection;
    private HashLoop<P2PFileTest>? _hashing;

    /// <summary>
    /// Local files, wildcards allowed, or a folder that has the group's files under their names. With files from the pipeline one
    /// folder or one file, without wildcards; the current folder if it is left out.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = PathSet)]
    [Parameter(Position = 0, ParameterSetName = InputObjectSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = ["."];

    /// <summary>Local files or folders, without wildcards.</summary>
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet, ValueFromPipelineByPropertyName = true)]
    [Alias("PSPath", "LP", "FullName")]
    [ValidateNotNullOrEmpty]
    public string[] LiteralPath { get; set; } = [];

    /// <summary>Files of groups, from Get-P2PFile.</summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public P2PFile[] InputObject { get; set; } = [];

    /// <summary>The group that has the files.</summary>
    [Parameter(Mandatory = true, Position = 1, ParameterSetName = PathSet)]
    [Parameter(Mandatory = true, ParameterSetName = LiteralPathSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(GroupCompleter))]
    public string? Group { get; set; }

    /// <summary>
    /// Names of files in the group, wildcards allowed; by default the local file's own name, and for a folder all files of the group.
    /// </summary>
    [Parameter(Position = 2, ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = LiteralPathSet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FileCompleter))]
    public string[]? Name { get; set; }

    /// <summary>Writes only true (the same bytes) or false for each file.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    protected override Task BeginAsync(CancellationToken cancellationToken)
    {
        _selection = new FileSelection(CurrentSession);
        _hashing = new HashLoop<P2PFileTest>(NewProgress(ActivityId, "Testing files"), Write, WriteFault);
        return Task.CompletedTask;
    }

    protected override async Task ProcessAsync(CancellationToken cancellationToken)
    {
        if (ParameterSetName == InputObjectSet)
        {
            foreach (var file in InputObject)
            {
                foreach (var given in Path)
                {
                    await TryAsync(file, () => TestAsync(file, LocalFiles.Resolve(SessionState, given, literal: true)[0], cancellationToken));
                }
            }

            return;
        }

        var literal = ParameterSetName == LiteralPathSet;
        foreach (var given in literal ? LiteralPath : Path)
        {
            await TryAsync(given, async () =>
            {
                // A path without wildcards need not exist: Missing is a result.
                foreach (var path in LocalFiles.Resolve(SessionState, given, literal || !NameMatch.IsPattern(given)))
                {
                    foreach (var name in Name ?? [Directory.Exists(path) ? "*" : System.IO.Path.GetFileName(path)])
                    {
                        await TryAsync(path, () => TestNamedAsync(path, name, cancellationToken));
                    }
                }
            });
        }
    }

    protected override Task EndAsync(CancellationToken cancellationToken) => _hashing!.DrainAsync(cancellationToken);

    // After Ctrl+C, and when a later cmdlet takes no more.
    protected override Task CleanUpAsync() => _hashing?.DisposeAsync().AsTask() ?? Task.CompletedTask;

    private async Task TestNamedAsync(string path, string name, CancellationToken cancellationToken)
    {
        var isFound = false;
        await foreach (var file in _selection!.FindAsync(Group!, name, cancellationToken))
        {
            isFound = true;
            var found = new P2PFile(file.File);
            await TryAsync(found, () => TestAsync(found, path, cancellationToken));
        }

        if (!isFound && Name is null && !Directory.Exists(path))
        {
            // The local file's name has wildcard characters.
            throw new P2PShareException(
                ErrorCode.FileNotFound, $"The group '{Group}' has no file '{name}', the local file's name.");
        }
    }

    private Task TestAsync(P2PFile file, string path, CancellationToken cancellationToken)
    {
        string? root = null;
        // With files from the pipeline a path that does not exist is a folder.
        if (Directory.Exists(path) || (ParameterSetName == InputObjectSet && !File.Exists(path)))
        {
            root = path;
            path = DestinationPath.Resolve(path, file.Name);
        }
        else
        {
            path = LocalFiles.FollowLink(path);
        }

        if (FileComparer.Compare(path, file.Content) is var known and not FileComparison.Unknown)
        {
            var result = known == FileComparison.Missing ? P2PFileTestResult.Missing : P2PFileTestResult.Different;
            _hashing!.AddFinished(path, file.Name, new P2PFileTest(file, path, result, null));
            return Task.CompletedTask;
        }

        return _hashing!.AddAsync(path, file.Name, file.Size, (hashed, _) => Task.FromResult(Judge(file, path, hashed)), cancellationToken, root);
    }

    private static P2PFileTest Judge(P2PFile file, string path, HashedFile hashed) => new(
        file, path,
        FileComparer.IsSame(hashed.Content, file.Content) ? P2PFileTestResult.Match : P2PFileTestResult.Different,
        hashed.Content.PiecesRoot?.ToString());

    private void Write(P2PFileTest test) => WriteObject(Quiet ? test.Result == P2PFileTestResult.Match : test);
}
