using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Runspaces;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Copying;

/// <summary>What a session is, and whether a copy can go through it.</summary>
/// <param name="Platform">The platform of its native libraries, such as <c>linux-x64</c>.</param>
internal sealed record SessionProbe(string Platform)
{
    /// <summary>The oldest PowerShell that runs on .NET 10.</summary>
    public static readonly Version Oldest = new(7, 6);

    private static readonly string[] Systems = ["win", "linux", "linux-musl", "osx"];
    private static readonly string[] Processors = ["x64", "arm64"];

    /// <summary>Asks a session.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.SessionUnusable"/>.</exception>
    public static async Task<SessionProbe> RunAsync(PSSession session, CancellationToken cancellationToken)
    {
        PSObject answer;
        var pipe = SessionPipe.Open(session, "Probe.ps1", null);
        await using (pipe.ConfigureAwait(false))
        {
            try
            {
                answer = await pipe.ReceiveAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (P2PShareException e)
            {
                // No language at all: a script is refused before it says anything.
                throw new P2PShareException(
                    ErrorCode.SessionUnusable,
                    $"The session runs no scripts, as a restricted endpoint (JEA, no language) does: {e.Message} A session in full language is needed.", e);
            }

            await pipe.CompleteAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        }

        return Read(answer.BaseObject as Hashtable ?? []);
    }

    /// <summary>Checks what a session answered.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.SessionUnusable"/>.</exception>
    internal static SessionProbe Read(Hashtable answer)
    {
        var (version, language, system, processor) = (Text("Version"), Text("Language"), Text("System"), Text("Processor"));
        // 7.6.0-preview.2 is one of them.
        var isNew = Version.TryParse(version.Split('-')[0], out var parsed) && parsed >= Oldest;
        return language != "FullLanguage" ? throw Refuse($"The session is in the language mode {language}, in which no program can be loaded. A session in full language is needed.")
            : !isNew ? throw Refuse($"The session runs PowerShell {version}. PowerShell {Oldest} or later, which runs on .NET 10, is needed.")
            : !Systems.Contains(system) || !Processors.Contains(processor)
                ? throw Refuse($"The session runs on {system} with a processor of the kind {processor}. Windows, Linux or macOS on x64 or arm64 is needed.")
            : new SessionProbe($"{system}-{processor}");

        string Text(string key) => BaseObject.Of(answer[key]) is string text
            ? PrintableCharacter.Clean(text.Length > 100 ? text[..100] : text)
            : "?";
    }

    private static P2PShareException Refuse(string sentence) => new(ErrorCode.SessionUnusable, sentence);
}
