using System.Text;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Commands;

/// <summary>Reads a new password: the first line of standard input, or typed at a terminal without being shown.</summary>
internal static class PasswordPrompt
{
    /// <returns>The password as it is stored.</returns>
    public static async Task<string> ReadHashAsync(string user, TextWriter error, CancellationToken cancellationToken)
    {
        var password = AccountService.PreparePassword(user, await ReadAsync(error, cancellationToken));
        return PasswordHash.Compute(password, new AccountOptions().PasswordIterations);
    }

    private static async Task<string> ReadAsync(TextWriter error, CancellationToken cancellationToken)
    {
        if (Console.IsInputRedirected)
        {
            return await Console.In.ReadLineAsync(cancellationToken) ?? "";
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
                // An arrow key is not part of a password.
                password.Append(key.KeyChar);
            }
        }

        await error.WriteLineAsync();
        return password.ToString();
    }
}
