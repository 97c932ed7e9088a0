namespace P2PShare.Unit;

/// <summary>
/// For tests that measure the whole process: they run after the others, one at a time. The runner looks for a definition only in the
/// assembly of the tests.
/// </summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
