namespace P2PShare.TrackerHost.Configuration;

/// <summary>Who can create an account, and what checking a password may cost.</summary>
internal sealed class AccountOptions
{
    /// <summary>
    /// Rounds of PBKDF2-HMAC-SHA-512 (OWASP's number of 2023). Not configurable on purpose: a weak setting would stay unnoticed.
    /// </summary>
    internal int PasswordIterations { get; set; } = 210_000;

    /// <summary>Who can create an account.</summary>
    public RegistrationMode Registration { get; set; }

    /// <summary>How long a wrong password counts; a second to a day.</summary>
    [SettingRange("00:00:01", "1.00:00:00")]
    public TimeSpan LoginFailureWindow { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Wrong passwords for one account from one address within the window; at least 1.</summary>
    [SettingRange(1, int.MaxValue)]
    public int LoginFailuresPerAccount { get; set; } = 10;

    /// <summary>Wrong passwords from one address within the window, whatever the account; at least 1.</summary>
    [SettingRange(1, int.MaxValue)]
    public int LoginFailuresPerAddress { get; set; } = 100;

    /// <summary>Passwords hashed at once; 1 to 64.</summary>
    [SettingRange(1, 64)]
    public int PasswordHashesAtOnce { get; set; } = 2;

    /// <summary>Passwords that may wait to be hashed; further ones are refused with 429. 1 to 100000.</summary>
    [SettingRange(1, 100_000)]
    public int PasswordQueueLength { get; set; } = 256;
}
