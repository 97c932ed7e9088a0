using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace P2PShare.HelpWriter;

/// <summary>The documentation comments of an assembly, as the compiler's XML and as plain text.</summary>
internal sealed partial class DocComments(XDocument document)
{
    private readonly Dictionary<string, XElement> _members = document.Descendants("member").ToDictionary(member => member.Attribute("name")!.Value);

    public XElement? Of(Type type) => _members.GetValueOrDefault($"T:{type.FullName}");

    /// <param name="kind">The compiler's letter: P for a property, F for a field.</param>
    public XElement? Of(char kind, Type type, string member) => _members.GetValueOrDefault(
        $"{kind}:{(type.IsGenericType ? type.GetGenericTypeDefinition() : type).FullName}.{member}");

    /// <summary>The paragraphs of an element: each <c>para</c>, each <c>item</c> of a list, and the text around them.</summary>
    public static IReadOnlyList<string> Paragraphs(XElement? element)
    {
        var paragraphs = new List<string>();
        var text = new StringBuilder();
        foreach (var node in element?.Nodes() ?? [])
        {
            if (node is XElement { Name.LocalName: "para" or "list" } block)
            {
                Flush();
                paragraphs.AddRange(block.Name.LocalName == "para" ? [Normal(Inline(block))] : block.Elements("item").Select(item => "- " + Normal(Inline(item))));
            }
            else
            {
                text.Append(Inline(node));
            }
        }

        Flush();
        return [.. paragraphs.Where(paragraph => paragraph.Length > 0)];

        void Flush()
        {
            paragraphs.Add(Normal(text.ToString()));
            text.Clear();
        }
    }

    /// <summary>Keeps the lines of code and removes the comment's indentation.</summary>
    public static string Code(XElement code)
    {
        var lines = code.Value.Replace("\r", "", StringComparison.Ordinal).Trim('\n', ' ').Split('\n');
        var indented = lines.Skip(1).Where(line => line.Trim().Length > 0).Select(line => line.Length - line.TrimStart().Length).ToList();
        var least = indented.Count > 0 ? indented.Min() : 0;
        // The first line follows its tag directly, without indentation.
        return string.Join('\n', lines.Select((line, number) => number == 0 ? line : line.Trim().Length == 0 ? "" : line[least..]));
    }

    private static string Inline(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" or "seealso" or "paramref" } reference => reference.Value.Length > 0 ? reference.Value : Target(reference),
        XElement element => string.Concat(element.Nodes().Select(Inline)),
        _ => "",
    };

    private static string Target(XElement reference)
    {
        var target = (reference.Attribute("langword") ?? reference.Attribute("name") ?? reference.Attribute("cref"))?.Value ?? "";
        return target[(target.LastIndexOf('.') + 1)..];
    }

    private static string Normal(string text) => Spaces().Replace(text, " ").Trim();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
