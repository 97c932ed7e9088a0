using System.Net;
using System.Security;

namespace P2PShare.Support;

/// <summary>The password of every test user.</summary>
internal static class TestPassword
{
    public const string Text = "correct horse battery";

    /// <summary>The password after a change.</summary>
    public const string Changed = "battery staple";

    /// <summary>Makes a <see cref="SecureString"/>, which the caller disposes.</summary>
    public static SecureString Secure(string text = Text) => new NetworkCredential("", text).SecurePassword;
}
