using System.Management.Automation;
using System.Reflection;
using System.Xml.Linq;

namespace P2PShare.HelpWriter;

/// <summary>A cmdlet: the declarations and documentation comments of its class.</summary>
internal sealed class Command
{
    private const int FewestExamples = 2;

    private Command(Type type, CmdletAttribute cmdlet, DocComments comments)
    {
        Type = type;
        Cmdlet = cmdlet;
        var comment = comments.Of(type);
        Synopsis = string.Join(' ', DocComments.Paragraphs(comment?.Element("summary")));
        Description = DocComments.Paragraphs(comment?.Element("remarks"));
        Examples = [.. comment?.Elements("example") ?? []];
        // For the parameters' defaults; a cmdlet's constructor only sets them.
        var instance = Activator.CreateInstance(type)!;
        Parameters = [.. type.GetProperties()
            .Where(property => property.IsDefined(typeof(ParameterAttribute)))
            .Select(property => new Parameter(property, instance, comments))];
        var sets = Parameters.SelectMany(parameter => parameter.Sets).Where(set => set != ParameterAttribute.AllParameterSets).Distinct()
            .OrderBy(set => set != cmdlet.DefaultParameterSetName).ToList();
        Sets = sets.Count > 0 ? sets : [ParameterAttribute.AllParameterSets];
    }

    public Type Type { get; }

    public CmdletAttribute Cmdlet { get; }

    public string Name => $"{Cmdlet.VerbName}-{Cmdlet.NounName}";

    public string Synopsis { get; }

    public IReadOnlyList<string> Description { get; }

    public IReadOnlyList<XElement> Examples { get; }

    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>Names of the parameter sets, the default one first.</summary>
    public IReadOnlyList<string> Sets { get; }

    public IReadOnlyList<string> Aliases => Type.GetCustomAttribute<AliasAttribute>()?.AliasNames.AsReadOnly() ?? [];

    public IEnumerable<PSTypeName> Outputs => Type.GetCustomAttributes<OutputTypeAttribute>().SelectMany(output => output.Type);

    /// <returns>Null for a class that is not a cmdlet.</returns>
    public static Command? TryRead(Type type, DocComments comments) =>
        type.GetCustomAttribute<CmdletAttribute>() is { } cmdlet ? new Command(type, cmdlet, comments) : null;

    /// <summary>One sentence for each part of the help that the comments lack.</summary>
    public IEnumerable<string> FindMissing()
    {
        if (Synopsis.Length == 0)
        {
            yield return $"{Name} has no <summary>: write one above the class {Type.Name}.";
        }

        if (Description.Count == 0)
        {
            yield return $"{Name} has no <remarks>: describe above the class {Type.Name} what it does, needs, and does when it fails.";
        }

        var explained = Examples.Count(example => example.Element("code") is not null && DocComments.Paragraphs(example.Element("para")).Count > 0);
        if (explained < FewestExamples || explained < Examples.Count)
        {
            yield return $"{Name} has {explained} complete examples of {Examples.Count}: at least {FewestExamples} are expected above the class {Type.Name}, "
                + "each <example><code>…</code><para>…</para></example>.";
        }

        foreach (var parameter in Parameters.Where(parameter => parameter.Description.Count == 0))
        {
            yield return $"{Name} -{parameter.Name} has no <summary>: write one above the property of {parameter.Property.DeclaringType!.Name}.";
        }
    }
}
