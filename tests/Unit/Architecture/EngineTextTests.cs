using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;
using P2PShare.Protocol;
using P2PShare.Transfer;

namespace P2PShare.Unit.Architecture;

/// <summary>The engine and the protocol know no word of PowerShell: advice that names a command is the cmdlets' own.</summary>
public sealed partial class EngineTextTests
{
    public static TheoryData<Assembly> Assemblies => [typeof(PeerServer).Assembly, typeof(ErrorCode).Assembly];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void No_sentence_names_a_cmdlet_or_a_switch(Assembly assembly)
    {
        var literals = Literals(assembly).ToList();

        Assert.NotEmpty(literals);
        Assert.DoesNotContain(literals, NamesCommand);
    }

    [Theory]
    [InlineData("Use Connect-P2PTracker first.", true)]
    [InlineData("exists already. Use -Force to replace it", true)]
    [InlineData("connect with -Fingerprint ", true)]
    [InlineData(" -TrustOnFirstUse.", true)]
    [InlineData("A peer-to-peer transfer with TLS-1.3 and 5 - Five", false)]
    [InlineData("Start-P2P", false)]
    public void A_command_is_recognised(string literal, bool expected) => Assert.Equal(expected, NamesCommand(literal));

    private static IEnumerable<string> Literals(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var metadata = file.GetMetadataReader();
        // The heap begins with an empty string, whose successor is the first literal.
        for (var handle = MetadataTokens.UserStringHandle(0); !(handle = metadata.GetNextHandle(handle)).IsNil;)
        {
            yield return metadata.GetUserString(handle);
        }
    }

    private static bool NamesCommand(string literal) => Command().IsMatch(literal);

    [GeneratedRegex(@"\b[A-Z][a-z]+-P2P\w+|(^| )-[A-Z][A-Za-z]+\b")]
    private static partial Regex Command();
}
