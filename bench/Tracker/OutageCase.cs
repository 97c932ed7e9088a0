namespace P2PShare.Bench.Tracker;

/// <summary>An act or event with much behind it.</summary>
internal enum OutageCase
{
    /// <summary>The deletion of a group with many members.</summary>
    GroupRemoval,

    /// <summary>A member who shares many files leaves.</summary>
    Leave,

    /// <summary>A session with many peers logs out.</summary>
    Logout,

    /// <summary>Many peers fall silent at once, as in a network partition.</summary>
    Silence,
}
