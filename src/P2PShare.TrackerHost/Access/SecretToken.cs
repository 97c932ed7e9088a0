using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace P2PShare.TrackerHost.Access;

/// <summary>A secret that only its holder knows: the token of a session or of an invitation.</summary>
internal static class SecretToken
{
    /// <summary>Longest token that is looked up, in characters; a real one has 43.</summary>
    public const int MaxLength = 64;

    private const int Size = 32;

    /// <summary>256 random bits, base64url.</summary>
    public static string New() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Size));

    /// <summary>What is stored of a token. 256 random bits need no slow hash and no salt.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
