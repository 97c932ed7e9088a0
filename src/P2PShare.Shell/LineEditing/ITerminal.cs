namespace P2PShare.Shell.LineEditing;

/// <summary>The terminal of a line editor: the console, or a test's replacement.</summary>
public interface ITerminal
{
    /// <summary>Columns; at least 1.</summary>
    int Width { get; }

    /// <summary>Whether another key is available: pasted text is drawn once, after its last key.</summary>
    bool KeyAvailable { get; }

    ConsoleKeyInfo ReadKey();

    /// <summary>Writes text; ECMA-48 escape sequences in it move the cursor and erase.</summary>
    void Write(string text);
}
