namespace P2PShare.Shell.Commands;

/// <summary>One command of the original client.</summary>
/// <param name="Name">As typed.</param>
/// <param name="Words">Names of its arguments; all are required.</param>
/// <param name="Summary">What it does.</param>
/// <param name="Example">Its arguments in an example.</param>
/// <param name="Cmdlet">The cmdlet that does the same; null for commands that only a prompt needs.</param>
public sealed record OriginalCommand(string Name, IReadOnlyList<string> Words, string Summary, string Example, string? Cmdlet)
{
    /// <summary>The argument that is a secret.</summary>
    public const string Password = "password";

    /// <summary>As in the original's documents: <c>login &lt;user_id&gt; &lt;password&gt;</c>.</summary>
    public string Usage => string.Join(" ", Words.Select(word => $"<{word}>").Prepend(Name));

    /// <summary>The whole line of the example.</summary>
    public string ExampleLine => $"{Name} {Example}".TrimEnd();

    /// <summary>Whether it takes a password.</summary>
    public bool IsSecret => Words.Contains(Password);
}
