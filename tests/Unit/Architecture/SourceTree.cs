using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace P2PShare.Unit.Architecture;

/// <summary>The C# files of a room, parsed.</summary>
internal sealed class SourceTree
{
    private readonly List<SyntaxTree> _files;

    private SourceTree(List<SyntaxTree> files) => _files = files;

    /// <param name="room">A folder of <c>src</c>.</param>
    public static SourceTree Read(string room)
    {
        var root = Repository.Combine("src", room);
        return new SourceTree([.. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(path => (Path: path, Name: Path.GetRelativePath(root, path).Replace('\\', '/')))
            .Where(file => !file.Name.StartsWith("obj/", StringComparison.Ordinal) && !file.Name.StartsWith("bin/", StringComparison.Ordinal))
            .Select(file => Parse(file.Name, File.ReadAllText(file.Path)))]);
    }

    /// <summary>For the tests of the rules.</summary>
    public static SourceTree Of(params (string Name, string Text)[] files) => new([.. files.Select(file => Parse(file.Name, file.Text))]);

    /// <summary>Lines of each type that is not nested, over all its partial files.</summary>
    /// <remarks>A file's lines count for its type, usings and comments included; if it has several, each has the lines of its declaration less.</remarks>
    public IReadOnlyDictionary<string, int> CountLines()
    {
        var lines = new Dictionary<string, int>();
        foreach (var file in _files)
        {
            var types = file.GetRoot().DescendantNodes(node => node is CompilationUnitSyntax or BaseNamespaceDeclarationSyntax)
                .Where(node => node is BaseTypeDeclarationSyntax or DelegateDeclarationSyntax).Cast<MemberDeclarationSyntax>().ToList();
            foreach (var type in types)
            {
                var own = file.GetText().Lines.Count(line => !line.Span.IsEmpty || line.EndIncludingLineBreak > line.End)
                    - types.Where(other => other != type).Sum(LinesOf);
                lines[NameOf(type)] = lines.GetValueOrDefault(NameOf(type)) + own;
            }
        }

        return lines;
    }

    /// <summary>Where something stands: <c>Connections/PeerTls.cs:12: text</c>.</summary>
    public IReadOnlyList<string> Find<TNode>(Func<TNode, bool> wanted)
        where TNode : SyntaxNode =>
        [.. _files.SelectMany(file => file.GetRoot().DescendantNodes().OfType<TNode>().Where(wanted).Select(node => $"{file.FilePath}:{LineOf(node)}: {FirstLineOf(node)}"))];

    private static SyntaxTree Parse(string name, string text) =>
        CSharpSyntaxTree.ParseText(text, new CSharpParseOptions(LanguageVersion.Preview), path: name);

    private static int LineOf(SyntaxNode node) => node.GetLocation().GetLineSpan().StartLinePosition.Line + 1;

    private static int LinesOf(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static string FirstLineOf(SyntaxNode node) => node.ToString().Split('\n')[0].Trim();

    private static string NameOf(MemberDeclarationSyntax type)
    {
        var space = type.Ancestors().OfType<BaseNamespaceDeclarationSyntax>().Reverse().Select(at => at.Name.ToString());
        return string.Join('.', space.Append(type switch
        {
            TypeDeclarationSyntax { TypeParameterList.Parameters.Count: var count and > 0 } generic => $"{generic.Identifier.Text}`{count}",
            BaseTypeDeclarationSyntax other => other.Identifier.Text,
            DelegateDeclarationSyntax other => other.Identifier.Text,
            _ => throw new InvalidOperationException($"'{FirstLineOf(type)}' is not a type."),
        }));
    }
}
