using System.CommandLine;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Observability;

namespace P2PShare.TrackerHost.Commands;

/// <summary>What the commands about one user have in common.</summary>
internal static class UserCommand
{
    /// <param name="act">What it is in the audit log.</param>
    /// <param name="run">Gets the services of users and the given name.</param>
    public static Command Create(string verb, string description, string[] settings, AuditAct act, Func<ParseResult, UserService, string, CancellationToken, Task> run)
    {
        var name = new Argument<string?>("name") { Arity = ArgumentArity.ZeroOrOne, Description = "The user's name." };
        var command = new Command(verb, description) { name };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var word = CommandSettings.RequireWord(parsed, name);
            await using var database = await CommandSettings.OpenDatabaseAsync(settings, parsed.InvocationConfiguration.Error.WriteLine, cancellationToken);
            await run(parsed, new UserService(database, TimeProvider.System), word, cancellationToken);
            await database.WriteAsync(connection => OperatorActStore.AddAsync(connection, act, word), cancellationToken);
            return 0;
        });
        return command;
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidUserName"/>: there is none of that name.</exception>
    public static async Task<StoredUser> FindAsync(UserService users, string name, CancellationToken cancellationToken) =>
        await users.FindAsync(name, cancellationToken)
        ?? throw new P2PShareException(ErrorCode.InvalidUserName, $"There is no user called '{PrintableCharacter.Clean(name)}'.");
}
