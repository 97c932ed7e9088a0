using System.Globalization;
using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Hosting;

/// <summary>What an operator does with accounts on the tracker's machine, whether or not the tracker runs: it writes to the database.</summary>
internal static class AccountCommands
{
    public const string Usage = """
        P2PShare.TrackerHost invite [--uses 1] [--days 7] [--Tracker:Setting=value ...]
          prints a token that is good for so many accounts (1 to 10000) within so many days (1 to 365), once: only its
          hash is kept
        P2PShare.TrackerHost uninvite <invitation> [--Tracker:Setting=value ...]
          makes an invitation void, by the name that 'invite' printed on standard error
        P2PShare.TrackerHost adduser <name> [--Tracker:Setting=value ...]
          makes an account, whatever Tracker:Registration says; the password is the first line of standard input
        P2PShare.TrackerHost passwd <name> [--Tracker:Setting=value ...]
          gives an account another password, the first line of standard input, and ends the user's sessions
        P2PShare.TrackerHost deluser <name> [--Tracker:Setting=value ...]
          deletes an account that owns no group
        """;

    private const int MaxUses = 10_000;
    private const int MaxDays = 365;

    /// <summary>Whether a command line is one of these.</summary>
    public static bool Knows(string[] args) => args is ["invite" or "uninvite" or "adduser" or "passwd" or "deluser", ..];

    /// <param name="args">One that <see cref="Knows"/>.</param>
    /// <exception cref="P2PShareException">It could not be done; the message says why.</exception>
    public static async Task RunAsync(string[] args, TextReader input, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var words = args.TakeWhile((word, index) => index == 0 || !word.StartsWith("--", StringComparison.Ordinal)).ToArray();
        var settings = args[words.Length..].ToList();
        var expected = words[0] == "invite" ? 1 : 2;
        if (words.Length != expected)
        {
            throw CommandSettings.Wrong($"{words[0]} was called with {words.Length - 1} words in front of its settings: {expected - 1} was expected.");
        }

        switch (words[0])
        {
            case "invite":
                var uses = TakeNumber(settings, "--uses", 1, MaxUses);
                var days = TakeNumber(settings, "--days", 7, MaxDays);
                await using (var database = await OpenAsync(settings, cancellationToken))
                {
                    var (token, id, expires) = await new InvitationStore(database, TimeProvider.System)
                        .CreateAsync(uses, TimeSpan.FromDays(days), cancellationToken);
                    await error.WriteLineAsync($"Invitation {id}, good for {uses} {(uses == 1 ? "account" : "accounts")} until {expires:yyyy-MM-dd HH:mm} UTC. Its token is not shown again:");
                    await output.WriteLineAsync(token);
                }

                break;
            case "uninvite":
                await using (var database = await OpenAsync(settings, cancellationToken))
                {
                    if (!await new InvitationStore(database, TimeProvider.System).WithdrawAsync(words[1], cancellationToken))
                    {
                        throw new P2PShareException(
                            ErrorCode.InvalidInvitation, $"There is no invitation '{PrintableCharacter.Clean(words[1])}': it may be used up or expired. Its name is what 'invite' printed on standard error.");
                    }
                }

                break;
            case "adduser":
                AccountName.CheckUser(words[1]);
                await using (var database = await OpenAsync(settings, cancellationToken))
                {
                    var hash = await ReadPasswordHashAsync(words[1], input, error, cancellationToken);
                    await new UserStore(database, TimeProvider.System).CreateAsync(words[1], hash, invitation: null, cancellationToken);
                }

                break;
            case "passwd":
                await using (var database = await OpenAsync(settings, cancellationToken))
                {
                    var users = new UserStore(database, TimeProvider.System);
                    var user = await FindAsync(users, words[1], cancellationToken);
                    await users.SetHashAsync(user.Id, await ReadPasswordHashAsync(user.Name, input, error, cancellationToken), cancellationToken);
                }

                break;
            default:
                await using (var database = await OpenAsync(settings, cancellationToken))
                {
                    var users = new UserStore(database, TimeProvider.System);
                    await users.RemoveAsync(await FindAsync(users, words[1], cancellationToken), cancellationToken);
                }

                break;
        }
    }

    private static async Task<TrackerDatabase> OpenAsync(List<string> settings, CancellationToken cancellationToken)
    {
        var options = CommandSettings.Read(settings);
        if (options.Database == DatabaseKind.Sqlite)
        {
            CommandSettings.RequireSqliteFile(options);
        }

        return await TrackerDatabase.OpenAsync(options, cancellationToken);
    }

    private static async Task<StoredUser> FindAsync(UserStore users, string name, CancellationToken cancellationToken) =>
        await users.FindAsync(name, cancellationToken)
        ?? throw new P2PShareException(ErrorCode.InvalidUserName, $"There is no user called '{PrintableCharacter.Clean(name)}'.");

    private static int TakeNumber(List<string> settings, string name, int fallback, int most)
    {
        var index = settings.FindIndex(word => word == name || word.StartsWith(name + "=", StringComparison.Ordinal));
        if (index < 0)
        {
            return fallback;
        }

        var isApart = settings[index] == name;
        var text = !isApart ? settings[index][(name.Length + 1)..] : index + 1 < settings.Count ? settings[index + 1] : "";
        settings.RemoveRange(index, isApart && index + 1 < settings.Count ? 2 : 1);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= 1 && number <= most
            ? number
            : throw CommandSettings.Wrong($"{name} is '{PrintableCharacter.Clean(text)}': 1 to {most} was expected.");
    }

    private static async Task<string> ReadPasswordHashAsync(string user, TextReader input, TextWriter error, CancellationToken cancellationToken)
    {
        var password = await ReadPasswordAsync(input, error, cancellationToken);
        AccountService.CheckPassword(user, password);
        return PasswordHash.Compute(password, new TrackerOptions().PasswordIterations);
    }

    private static async Task<string> ReadPasswordAsync(TextReader input, TextWriter error, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected)
        {
            return await input.ReadLineAsync(cancellationToken) ?? "";
        }

        await error.WriteAsync("Password: ");
        var password = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                password.Length = Math.Max(0, password.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                // An arrow, such as of somebody who looks for the last command, is no part of it.
                password.Append(key.KeyChar);
            }
        }

        await error.WriteLineAsync();
        return password.ToString();
    }
}
