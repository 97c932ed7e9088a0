using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace P2PShare.Unit.Architecture;

/// <summary>What the source of the engine and the tracker may not contain.</summary>
public sealed class SourceRules
{
    private const int MaxLines = 300;
    private const int MaxRootLines = 150;

    private static readonly (string Type, string Member)[] OtherClocks =
    [
        ("DateTime", "Now"), ("DateTime", "UtcNow"), ("DateTime", "Today"), ("DateTimeOffset", "Now"), ("DateTimeOffset", "UtcNow"),
        ("Environment", "TickCount"), ("Environment", "TickCount64"),
        ("Stopwatch", "GetTimestamp"), ("Stopwatch", "GetElapsedTime"), ("Stopwatch", "StartNew"),
    ];

    // Files of Transfer that read another clock than TimeProvider, each with its reason.
    private static readonly Dictionary<string, string> ClockExceptions = [];

    private static readonly string[] OpeningPrefixes = ["Open", "Create", "Read", "Write", "Append", "Copy"];

    // Files of Transfer that open files, each with its reason.
    private static readonly Dictionary<string, string> Openers = new()
    {
        ["Storage/SafeFile.cs"] = "It opens what is shared.",
        ["Storage/ExclusiveFile.cs"] = "It opens what is received.",
        ["Storage/PrivateFile.cs"] = "It opens what is in the state folder.",
        ["Storage/NewFileMode.cs"] = "It reads the umask, which the kernel makes up.",
    };

    private static readonly Dictionary<string, SourceTree> Sources = new()
    {
        ["P2PShare.Transfer"] = SourceTree.Read("P2PShare.Transfer"),
        ["P2PShare.TrackerHost"] = SourceTree.Read("P2PShare.TrackerHost"),
    };

    public static TheoryData<string> Rooms => [.. Sources.Keys];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void No_type_is_longer_than_300_lines_over_its_partial_files(string room) => ViolationList.AssertEmpty(FindLongTypes(Sources[room]));

    [Fact]
    public void PeerServer_is_not_longer_than_150_lines()
    {
        var lines = Sources["P2PShare.Transfer"].CountLines()["P2PShare.Transfer.PeerServer"];
        Assert.True(lines <= MaxRootLines, $"P2PShare.Transfer.PeerServer has {lines} lines.");
    }

    [Fact]
    public void The_engine_opens_files_in_one_place() => ViolationList.AssertEmpty(
        [.. FindOpenedFiles(Sources["P2PShare.Transfer"]).Where(line => !Openers.ContainsKey(line.Split(':')[0]))]);

    [Fact]
    public void Every_exception_of_opening_is_needed() => Assert.Empty(
        Openers.Keys.Except(FindOpenedFiles(Sources["P2PShare.Transfer"]).Select(line => line.Split(':')[0])));

    [Theory]
    [InlineData("object M() => File.OpenRead(path);")]
    [InlineData("object M() => System.IO.File.ReadAllText(path);")]
    [InlineData("object M() => File.OpenHandle(path);")]
    [InlineData("object M() => new FileStream(path, FileMode.Open);")]
    [InlineData("object M() => new StreamReader(path);")]
    [InlineData("object M() => X509CertificateLoader.LoadPkcs12FromFile(path, null);")]
    public void An_opened_file_is_found(string member) => Assert.Single(FindOpenedFiles(Class(member)));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void No_method_is_async_void(string room) => ViolationList.AssertEmpty(FindAsyncVoid(Sources[room]));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_lock_is_a_field_or_a_local_of_its_own_type(string room) => ViolationList.AssertEmpty(FindForeignLocks(Sources[room]));

    [Theory]
    [MemberData(nameof(Rooms))]
    public void No_continuation_is_empty(string room) => ViolationList.AssertEmpty(FindEmptyContinuations(Sources[room]));

    [Fact]
    public void The_engine_has_one_clock() => ViolationList.AssertEmpty(
        [.. FindOtherClocks(Sources["P2PShare.Transfer"]).Where(line => !ClockExceptions.ContainsKey(line.Split(':')[0]))]);

    [Fact]
    public void Every_exception_of_the_clock_is_needed() => Assert.Empty(
        ClockExceptions.Keys.Except(FindOtherClocks(Sources["P2PShare.Transfer"]).Select(line => line.Split(':')[0])));

    [Fact]
    public void A_long_type_is_found_over_its_partial_files()
    {
        string Part(int lines) => $"namespace A;\npublic partial class B\n{{\n{new string('\n', lines - 4)}}}\n";
        Assert.Empty(FindLongTypes(SourceTree.Of(("B.cs", Part(150)), ("B.More.cs", Part(149)))));
        Assert.Equal(["A.B has 301 lines"], FindLongTypes(SourceTree.Of(("B.cs", Part(150)), ("B.More.cs", Part(150) + "\n"))));
        // A second type in the file has lines of its own, and counts not for the first.
        Assert.Empty(FindLongTypes(SourceTree.Of(("B.cs", Part(299) + "enum C\n{\n}\n"))));
    }

    [Theory]
    [InlineData("async void M() { }")]
    [InlineData("void M() { async void Local() { } }")]
    public void Async_void_is_found(string member) => Assert.Single(FindAsyncVoid(Class(member)));

    [Theory]
    [InlineData("void M() { lock (this) { } }")]
    [InlineData("void M() { lock (other.Gate) { } }")]
    [InlineData("void M() { lock (typeof(string)) { } }")]
    public void A_foreign_lock_is_found(string member) => Assert.Single(FindForeignLocks(Class(member)));

    [Theory]
    [InlineData("void M() { lock (_gate) { } }")]
    [InlineData("void M() { lock (this._gate) { } }")]
    public void A_lock_of_ones_own_is_right(string member) => Assert.Empty(FindForeignLocks(Class(member)));

    [Theory]
    [InlineData("Task M() => Go().ContinueWith(_ => { });")]
    [InlineData("Task M() => Go().ContinueWith(static _ => { /* nothing */ }, TaskScheduler.Default);")]
    [InlineData("Task M() => Go().ContinueWith(delegate { });")]
    public void An_empty_continuation_is_found(string member) => Assert.Single(FindEmptyContinuations(Class(member)));

    [Theory]
    [InlineData("long M() => Environment.TickCount64;")]
    [InlineData("object M() => System.DateTime.UtcNow;")]
    [InlineData("object M() => DateTimeOffset.UtcNow.AddDays(1);")]
    [InlineData("long M() => Stopwatch.GetTimestamp();")]
    public void Another_clock_is_found(string member) => Assert.Single(FindOtherClocks(Class(member)));

    [Fact]
    public void Comments_and_sentences_are_not_code()
    {
        var source = Class("""
            // async void M() { lock (this) { } }
            string M() => "DateTime.UtcNow, ContinueWith(_ => { })";
            """);
        Assert.Empty(FindAsyncVoid(source).Concat(FindForeignLocks(source)).Concat(FindEmptyContinuations(source)).Concat(FindOtherClocks(source)));
    }

    private static SourceTree Class(string member) => SourceTree.Of(("A.cs", $"class A\n{{\n{member}\n}}\n"));

    private static IReadOnlyList<string> FindLongTypes(SourceTree source) =>
        [.. source.CountLines().Where(type => type.Value > MaxLines).OrderByDescending(type => type.Value).Select(type => $"{type.Key} has {type.Value} lines")];

    private static IReadOnlyList<string> FindAsyncVoid(SourceTree source) =>
    [
        .. source.Find<MethodDeclarationSyntax>(method => IsAsyncVoid(method.Modifiers, method.ReturnType)),
        .. source.Find<LocalFunctionStatementSyntax>(method => IsAsyncVoid(method.Modifiers, method.ReturnType)),
    ];

    private static bool IsAsyncVoid(SyntaxTokenList modifiers, TypeSyntax type) =>
        modifiers.Any(modifier => modifier.IsKind(SyntaxKind.AsyncKeyword)) && type is PredefinedTypeSyntax predefined && predefined.Keyword.IsKind(SyntaxKind.VoidKeyword);

    private static IReadOnlyList<string> FindForeignLocks(SourceTree source) => source.Find<LockStatementSyntax>(
        statement => statement.Expression is not (IdentifierNameSyntax or MemberAccessExpressionSyntax { Expression: ThisExpressionSyntax }));

    private static IReadOnlyList<string> FindEmptyContinuations(SourceTree source) => source.Find<InvocationExpressionSyntax>(call =>
        call.Expression is MemberAccessExpressionSyntax { Name.Identifier.Text: "ContinueWith" }
        && call.ArgumentList.Arguments.FirstOrDefault()?.Expression is AnonymousFunctionExpressionSyntax { Block.Statements.Count: 0 });

    private static IReadOnlyList<string> FindOpenedFiles(SourceTree source) =>
    [
        .. source.Find<MemberAccessExpressionSyntax>(access =>
            (access.Expression.ToString().Split('.')[^1], access.Name.Identifier.Text) is ("File", var member)
                ? OpeningPrefixes.Any(prefix => member.StartsWith(prefix, StringComparison.Ordinal))
                : access.Name.Identifier.Text.EndsWith("FromFile", StringComparison.Ordinal)),
        .. source.Find<ObjectCreationExpressionSyntax>(made => made.Type.ToString() is "FileStream" or "StreamReader" or "StreamWriter"),
    ];

    private static IReadOnlyList<string> FindOtherClocks(SourceTree source) => source.Find<MemberAccessExpressionSyntax>(access => OtherClocks.Any(
        clock => clock.Member == access.Name.Identifier.Text && clock.Type == access.Expression.ToString().Split('.')[^1]));
}
