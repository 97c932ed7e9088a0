namespace P2PShare.Support;

/// <summary>A test with rows of what only Linux keeps; skipped elsewhere.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class LinuxTheoryAttribute : TheoryAttribute
{
    private readonly LinuxFactAttribute _fact = new();

    public LinuxTheoryAttribute() => Skip = _fact.Skip;

    /// <inheritdoc cref="LinuxFactAttribute.AsRoot"/>
    public bool AsRoot
    {
        get => _fact.AsRoot;
        set
        {
            _fact.AsRoot = value;
            Skip = _fact.Skip;
        }
    }
}
