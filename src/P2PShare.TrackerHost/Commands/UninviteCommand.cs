using System.CommandLine;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>uninvite</c>: withdraws an invitation.</summary>
internal static class UninviteCommand
{
    public static Command Create(string[] settings)
    {
        var invitation = new Argument<string?>("invitation") { Arity = ArgumentArity.ZeroOrOne, Description = "Its name, which 'invite' printed on standard error." };
        var command = new Command("uninvite", "Withdraws an invitation.") { invitation };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, settings, CommandSettings.RequireWord(parsed, invitation), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, string[] settings, string invitation, CancellationToken cancellationToken)
    {
        await using var database = await CommandSettings.OpenDatabaseAsync(settings, parsed.InvocationConfiguration.Error.WriteLine, cancellationToken);
        if (!await new InvitationService(database, TimeProvider.System).WithdrawAsync(invitation, cancellationToken))
        {
            throw new P2PShareException(
                ErrorCode.InvalidInvitation, $"There is no invitation '{PrintableCharacter.Clean(invitation)}': it may be used up or expired. Its name is what 'invite' printed on standard error.");
        }

        await database.WriteAsync(connection => OperatorActStore.AddAsync(connection, AuditAct.InvitationWithdrawn, invitation), cancellationToken);
        return 0;
    }
}
