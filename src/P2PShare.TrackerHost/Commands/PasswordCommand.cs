using System.CommandLine;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>passwd</c>: sets the password of an account.</summary>
internal static class PasswordCommand
{
    public static Command Create(string[] settings) => UserCommand.Create(
        "passwd",
        "Gives an account another password, the first line of standard input, and ends the user's sessions.",
        settings,
        AuditAct.PasswordReset,
        async (parsed, users, name, cancellationToken) =>
        {
            var user = await UserCommand.FindAsync(users, name, cancellationToken);
            var hash = await PasswordPrompt.ReadHashAsync(user.Name, parsed.InvocationConfiguration.Error, cancellationToken);
            await users.ResetPasswordAsync(user, hash, cancellationToken);
        });
}
