using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace P2PShare.TrackerHost.Accounts;

/// <summary>
/// PBKDF2-HMAC-SHA-512 (RFC 8018), stored as <c>pbkdf2-sha512$rounds$salt$hash</c>, so that the number of rounds can grow.
/// </summary>
internal static class PasswordHash
{
    private const string Name = "pbkdf2-sha512";
    private const int SaltSize = 16;
    private const int HashSize = 64;

    public static string Compute(string password, int iterations)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltSize);
        var hash = Derive(password, salt, iterations);
        return string.Create(CultureInfo.InvariantCulture, $"{Name}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
    }

    /// <summary>Whether it is the password; the comparison takes the same time wherever the first difference is.</summary>
    /// <param name="stored">A result of <see cref="Compute"/>.</param>
    public static bool Verify(string password, string stored)
    {
        var parts = stored.Split('$');
        var salt = Convert.FromBase64String(parts[2]);
        return CryptographicOperations.FixedTimeEquals(Derive(password, salt, IterationsOf(stored)), Convert.FromBase64String(parts[3]));
    }

    public static int IterationsOf(string stored) => int.Parse(stored.Split('$')[1], CultureInfo.InvariantCulture);

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, iterations, HashAlgorithmName.SHA512, HashSize);
}
