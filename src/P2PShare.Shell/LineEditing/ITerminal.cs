namespace P2PShare.Shell.LineEditing;

/// <summary>Where a person types: the console, or what a test puts in its place.</summary>
public interface ITerminal
{
    /// <summary>Columns; at least 1.</summary>
    int Width { get; }

    /// <summary>Whether a key waits, so that drawing can wait for the last of what is pasted.</summary>
    bool KeyAvailable { get; }

    ConsoleKeyInfo ReadKey();

    /// <summary>Writes text, in which the escape sequences of ECMA-48 move the cursor and erase.</summary>
    void Write(string text);
}
