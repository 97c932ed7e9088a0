using System.CommandLine;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>adduser</c>: creates an account.</summary>
internal static class AddUserCommand
{
    public static Command Create(string[] settings) => UserCommand.Create(
        "adduser",
        "Creates an account, whatever Tracker:Registration is; the password is the first line of standard input.",
        settings,
        AuditAct.UserMade,
        async (parsed, users, name, cancellationToken) =>
        {
            AccountName.CheckUser(name);
            var hash = await PasswordPrompt.ReadHashAsync(name, parsed.InvocationConfiguration.Error, cancellationToken);
            await users.CreateAsync(name, hash, invitation: null, cancellationToken);
        });
}
