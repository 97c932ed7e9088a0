using System.Reflection;
using System.Runtime.Loader;
using System.Xml.Linq;

namespace P2PShare.HelpWriter;

/// <summary>
/// Writes the help of the module's cmdlets (MAML) from their documentation comments and attributes. The build runs it:
/// <c>P2PShare.HelpWriter cmdlets.dll cmdlets.xml engine-folder help.xml</c>. It fails if a comment is incomplete.
/// </summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        if (args.Length != 4)
        {
            Console.Error.WriteLine("usage: P2PShare.HelpWriter <cmdlets.dll> <cmdlets.xml> <engine folder> <help.xml>");
            return 2;
        }

        var engine = Path.GetFullPath(args[2]);
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            Path.Combine(engine, name.Name + ".dll") is var path && File.Exists(path) ? context.LoadFromAssemblyPath(path) : null;

        var comments = new DocComments(XDocument.Load(args[1]));
        var commands = Assembly.LoadFrom(Path.GetFullPath(args[0])).GetExportedTypes()
            .Select(type => Command.TryRead(type, comments)).OfType<Command>()
            .OrderBy(command => command.Name, StringComparer.Ordinal).ToList();

        var missing = commands.SelectMany(command => command.FindMissing()).ToList();
        foreach (var sentence in missing)
        {
            // The format that MSBuild reports as a build error.
            Console.Error.WriteLine($"{Path.GetFileName(args[1])} : error HELP1: {sentence}");
        }

        if (missing.Count > 0)
        {
            return 1;
        }

        new MamlWriter(commands, comments).Write().Save(args[3]);
        return 0;
    }
}
