namespace P2PShare.Protocol.Names;

/// <summary>
/// The rule that user names and group names share: 1 to 64 ASCII letters, digits, <c>.</c>, <c>_</c> and <c>-</c>,
/// beginning with a letter or a digit. Two names that differ only in case are the same name.
/// </summary>
public static class AccountName
{
    /// <summary>Greatest length in characters.</summary>
    public const int MaxLength = 64;

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidUserName"/>, with the reason.</exception>
    public static void CheckUser(string? name) => Check(name, "user name", ErrorCode.InvalidUserName);

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidGroupName"/>, with the reason.</exception>
    public static void CheckGroup(string? name) => Check(name, "group name", ErrorCode.InvalidGroupName);

    /// <summary>What names are compared by: the name in lower case.</summary>
    public static string Key(string name) => name.ToLowerInvariant();

    /// <summary>Why <paramref name="name"/> breaks the rule, as the end of a sentence; null if it does not.</summary>
    public static string? FindProblem(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            return "it is empty";
        }

        if (name.Length > MaxLength)
        {
            return $"it has {name.Length} characters, {MaxLength} are allowed";
        }

        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            {
                return $"it contains {PrintableCharacter.Describe(c)}; letters a-z, digits, '.', '_' and '-' are allowed";
            }
        }

        return char.IsAsciiLetterOrDigit(name[0]) ? null : "it must begin with a letter or a digit";
    }

    private static void Check(string? name, string what, string code)
    {
        if (FindProblem(name) is { } problem)
        {
            throw new P2PShareException(code, $"'{PrintableCharacter.Clean(name)}' is not a valid {what}: {problem}.");
        }
    }
}
