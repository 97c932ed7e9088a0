using System.CommandLine;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Commands;

/// <summary><c>deluser</c>: deletes an account.</summary>
internal static class DeleteUserCommand
{
    public static Command Create(string[] settings) => UserCommand.Create(
        "deluser",
        "Deletes an account that owns no group.",
        settings,
        AuditAct.UserRemoved,
        async (_, users, name, cancellationToken) =>
            await users.RemoveAsync(await UserCommand.FindAsync(users, name, cancellationToken), cancellationToken));
}
