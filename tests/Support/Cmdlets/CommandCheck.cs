using System.Management.Automation;
using System.Management.Automation.Language;
using System.Security;

namespace P2PShare.Support;

/// <summary>Reports errors in a script's use of the module's commands, without running it.</summary>
/// <param name="commands">What the module exports, aliases included, by name.</param>
internal sealed class CommandCheck(IReadOnlyDictionary<string, CommandInfo> commands)
{
    public static CommandCheck Of(TestShell shell) => new(shell.Succeed("Get-Command -Module P2PShare")
        .Select(command => (CommandInfo)command.BaseObject)
        .ToDictionary(command => command.Name, command => command is AliasInfo alias ? alias.ResolvedCommand : command, StringComparer.Ordinal));

    public IReadOnlyList<string> FindFaults(string script)
    {
        var tree = Parser.ParseInput(script, out _, out var errors);
        return [.. errors.Select(error => $"{error.Extent.Text}: {error.Message}"),
            .. tree.FindAll(node => node is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>()
                .Where(command => command.GetCommandName() is { } name && name.Contains("-P2P", StringComparison.OrdinalIgnoreCase)
                    && !name.EndsWith(".ps1", StringComparison.OrdinalIgnoreCase))
                .SelectMany(command => FindFaults(command).Select(fault => $"{command.Extent.Text}: {fault}"))];
    }

    private List<string> FindFaults(CommandAst line)
    {
        if (!commands.TryGetValue(line.GetCommandName(), out var command))
        {
            return [$"the module has no {line.GetCommandName()}, written like this"];
        }

        var faults = new List<string>();
        var given = new HashSet<string>();
        var values = 0;
        var splatted = false;
        var elements = new Queue<CommandElementAst>(line.CommandElements.Skip(1));
        while (elements.TryDequeue(out var element))
        {
            if (element is not CommandParameterAst named)
            {
                splatted |= element is VariableExpressionAst { Splatted: true };
                values += element is VariableExpressionAst { Splatted: true } ? 0 : 1;
                continue;
            }

            if (Resolve(command, named.ParameterName) is not { } parameter)
            {
                faults.Add($"it has no parameter -{named.ParameterName}");
                continue;
            }

            if (!given.Add(parameter.Name))
            {
                faults.Add($"-{parameter.Name} is given twice");
            }

            if (!parameter.SwitchParameter && named.Argument is null && (!elements.TryDequeue(out var value) || value is CommandParameterAst))
            {
                faults.Add($"-{parameter.Name} has no value");
            }
        }

        var inPipeline = line.Parent is PipelineAst pipeline && pipeline.PipelineElements[0] != line;
        if (faults.Count == 0 && !command.ParameterSets.Any(set => Binds(set, given, values, inPipeline, splatted)))
        {
            faults.Add("it has no parameter set for these parameters and values");
        }

        return faults;
    }

    // Full names and aliases only: pages should not abbreviate.
    private static ParameterMetadata? Resolve(CommandInfo command, string name) => command.Parameters.Values.FirstOrDefault(
        parameter => parameter.Name == name || parameter.Aliases.Contains(name));

    private static bool Binds(CommandParameterSetInfo set, HashSet<string> given, int values, bool inPipeline, bool splatted)
    {
        if (!given.All(name => set.Parameters.Any(parameter => parameter.Name == name)))
        {
            return false;
        }

        var open = set.Parameters.Where(parameter => !given.Contains(parameter.Name)).ToList();
        var byPosition = open.Where(parameter => parameter.Position >= 0).OrderBy(parameter => parameter.Position).Take(values).ToList();
        return byPosition.Count == values && open.Except(byPosition).Where(parameter => parameter.IsMandatory).All(parameter => splatted
            || (inPipeline && (parameter.ValueFromPipeline || parameter.ValueFromPipelineByPropertyName))
            // PowerShell prompts for these.
            || parameter.ParameterType == typeof(SecureString) || parameter.ParameterType == typeof(PSCredential));
    }
}
