using System.Management.Automation;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace P2PShare.HelpWriter;

/// <summary>Writes commands as MAML, the XML from which Get-Help reads the help of cmdlets.</summary>
internal sealed partial class MamlWriter(IReadOnlyList<Command> commands, DocComments comments)
{
    private static readonly XNamespace Maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace Commands = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    public XDocument Write() => new(new XElement(
        XNamespace.Get("http://msh") + "helpItems",
        new XAttribute("schema", "maml"),
        commands.Select(WriteCommand)));

    private XElement WriteCommand(Command command) => new(
        Commands + "command",
        new XAttribute(XNamespace.Xmlns + "maml", Maml),
        new XAttribute(XNamespace.Xmlns + "command", Commands),
        new XAttribute(XNamespace.Xmlns + "dev", Dev),
        new XElement(
            Commands + "details",
            new XElement(Commands + "name", command.Name),
            new XElement(Commands + "verb", command.Cmdlet.VerbName),
            new XElement(Commands + "noun", command.Cmdlet.NounName),
            Description([command.Synopsis])),
        Description(command.Description),
        new XElement(Commands + "syntax", command.Sets.Select(set => SyntaxItem(command, set))),
        new XElement(
            Commands + "parameters",
            command.Parameters.OrderBy(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase).Select(parameter => ParameterHelp(command, parameter)),
            ShouldProcess(command)),
        new XElement(Commands + "inputTypes", Inputs(command)),
        new XElement(Commands + "returnValues", command.Outputs.Select(output => Output(command, output))),
        new XElement(Maml + "alertSet", new XElement(Maml + "alert", Paragraphs(Notes(command)))),
        new XElement(Commands + "examples", command.Examples.Select(Example)),
        new XElement(
            Commands + "relatedLinks",
            Related(command).Select(link => new XElement(Maml + "navigationLink", new XElement(Maml + "linkText", link), new XElement(Maml + "uri")))));

    private static XElement SyntaxItem(Command command, string set) => new(
        Commands + "syntaxItem",
        new XElement(Maml + "name", command.Name),
        command.Parameters.Select(parameter => (Parameter: parameter, Use: parameter.In(set)))
            .Where(one => one.Use is not null)
            .OrderBy(one => one.Use!.Position >= 0 ? one.Use.Position : int.MaxValue)
            .ThenBy(one => !one.Use!.Mandatory)
            .Select(one => ParameterElement(one.Parameter, one.Use!)),
        ShouldProcess(command));

    private static XElement ParameterHelp(Command command, Parameter parameter)
    {
        var uses = command.Sets.Select(parameter.In).OfType<ParameterAttribute>().ToList();
        // Required only if mandatory in every parameter set; the syntax shows each set.
        return ParameterElement(parameter, uses.Find(use => !use.Mandatory) ?? uses[0]);
    }

    private static XElement ParameterElement(Parameter parameter, ParameterAttribute use)
    {
        var element = ParameterElement(
            parameter.Name, parameter.TypeName, use.Mandatory, parameter.IsList, parameter.TakesWildcards, PipelineInput(use),
            use.Position >= 0 ? use.Position.ToString(System.Globalization.CultureInfo.InvariantCulture) : "named",
            parameter.Aliases.Count > 0 ? string.Join(", ", parameter.Aliases) : "none",
            parameter.Description, use.Mandatory ? "None" : parameter.Default, parameter.IsSwitch);
        if (parameter.ElementType.IsEnum)
        {
            element.Element(Maml + "description")!.AddAfterSelf(new XElement(
                Commands + "parameterValueGroup",
                Enum.GetNames(parameter.ElementType).Select(name => new XElement(
                    Commands + "parameterValue", new XAttribute("required", false), new XAttribute("variableLength", false), name))));
        }

        return element;
    }

    private static XElement ParameterElement(
        string name, string type, bool required, bool isList, bool wildcards, string pipeline, string position, string aliases,
        IReadOnlyList<string> description, string defaultValue, bool isSwitch) => new(
            Commands + "parameter",
            new XAttribute("required", required),
            new XAttribute("variableLength", isList),
            new XAttribute("globbing", wildcards),
            new XAttribute("pipelineInput", pipeline),
            new XAttribute("position", position),
            new XAttribute("aliases", aliases),
            new XElement(Maml + "name", name),
            Description(description),
            isSwitch ? null : new XElement(Commands + "parameterValue", new XAttribute("required", true), new XAttribute("variableLength", isList), type),
            TypeElement(type),
            new XElement(Dev + "defaultValue", defaultValue));

    private static IEnumerable<XElement> ShouldProcess(Command command) => !command.Cmdlet.SupportsShouldProcess ? [] :
    [
        ParameterElement(
            "WhatIf", "SwitchParameter", false, false, false, "False", "named", "wi",
            ["Shows what would happen, and changes nothing."], "False", isSwitch: true),
        ParameterElement(
            "Confirm", "SwitchParameter", false, false, false, "False", "named", "cf",
            [command.Cmdlet.ConfirmImpact == ConfirmImpact.High
                ? "Asks before each change. This is the default, because the change cannot be undone; -Confirm:$false does not ask."
                : "Asks before each change."],
            "False", isSwitch: true),
    ];

    private static string PipelineInput(ParameterAttribute use) => (use.ValueFromPipeline, use.ValueFromPipelineByPropertyName) switch
    {
        (true, true) => "True (ByValue, ByPropertyName)",
        (true, false) => "True (ByValue)",
        (false, true) => "True (ByPropertyName)",
        _ => "False",
    };

    private static IEnumerable<XElement> Inputs(Command command)
    {
        var byName = command.Parameters.Where(parameter => parameter.ByPropertyName).Select(parameter => parameter.Name).ToList();
        var inputs = command.Parameters.Where(parameter => parameter.ByValue)
            .Select(parameter => (Name: parameter.ElementType.FullName!, Text: $"Objects for -{parameter.Name}."));
        if (byName.Count > 0)
        {
            inputs = inputs.Append((
                "System.Management.Automation.PSObject",
                $"Objects that have {(byName.Count == 1 ? "a property" : "properties")} {string.Join(", ", byName)}: -{string.Join(", -", byName)} take them."));
        }

        return inputs.DefaultIfEmpty((Name: "None", Text: "The command takes no pipeline input."))
            .Select(input => new XElement(Commands + "inputType", TypeElement(input.Name), Description([input.Text])));
    }

    private XElement Output(Command command, PSTypeName output)
    {
        var text = output.Type is { } type ? string.Join(' ', DocComments.Paragraphs(comments.Of(type)?.Element("summary"))) : "";
        var with = typeof(Job).IsAssignableFrom(output.Type) && Has("AsJob") ? "With -AsJob."
            : output.Type == typeof(bool) && Has("Quiet") ? "With -Quiet."
            : Has("PassThru") ? "With -PassThru only." : "";
        return new XElement(Commands + "returnValue", TypeElement(output.Name), Description([$"{text} {with}".Trim()]));

        bool Has(string name) => command.Parameters.Any(parameter => parameter.Name == name);
    }

    private static IEnumerable<string> Notes(Command command)
    {
        if (command.Aliases.Count > 0)
        {
            yield return $"Alias: {string.Join(", ", command.Aliases)}.";
        }

        if (command.Parameters.Any(parameter => parameter.Name == "Session") && command.Cmdlet.VerbName != "Disconnect")
        {
            yield return "Without -Session the command uses the default session of this runspace, which Connect-P2PTracker sets.";
        }

        yield return "Each error has a stable id, a category, a target and advice on what to do: about_P2PShare_Scripting lists them.";
    }

    private static XElement Example(XElement example, int index) => new(
        Commands + "example",
        new XElement(Maml + "title", $"--------------------------  Example {index + 1}  --------------------------"),
        new XElement(Dev + "code", DocComments.Code(example.Element("code")!)),
        new XElement(Dev + "remarks", Paragraphs(example.Elements("para").SelectMany(DocComments.Paragraphs))));

    /// <summary>The commands with the same noun, the commands that the text names, and the about page.</summary>
    private IEnumerable<string> Related(Command command)
    {
        var named = commands.Select(other => other.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var text = string.Join(' ', command.Description.Concat(command.Examples.Select(example => example.Value)));
        return commands.Where(other => other.Cmdlet.NounName == command.Cmdlet.NounName).Select(other => other.Name)
            .Concat(CommandName().Matches(text).Select(match => match.Value).Where(named.Contains))
            .Where(name => name != command.Name)
            .Distinct(StringComparer.OrdinalIgnoreCase)
            .Append("about_P2PShare");
    }

    private static XElement TypeElement(string name) => new(Dev + "type", new XElement(Maml + "name", name), new XElement(Maml + "uri"));

    private static XElement Description(IEnumerable<string> paragraphs) => new(Maml + "description", Paragraphs(paragraphs));

    private static IEnumerable<XElement> Paragraphs(IEnumerable<string> paragraphs) => paragraphs.Select(paragraph => new XElement(Maml + "para", paragraph));

    [GeneratedRegex(@"\b[A-Z][a-z]+-P2P[A-Za-z]+")]
    private static partial Regex CommandName();
}
