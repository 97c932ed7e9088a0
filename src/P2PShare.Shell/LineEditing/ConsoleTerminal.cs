namespace P2PShare.Shell.LineEditing;

/// <summary>The process's own console.</summary>
internal sealed class ConsoleTerminal : ITerminal
{
    // The width if the terminal does not report one.
    private const int UsualWidth = 80;

    public int Width => Console.WindowWidth > 0 ? Console.WindowWidth : UsualWidth;

    public bool KeyAvailable => Console.KeyAvailable;

    public ConsoleKeyInfo ReadKey() => Console.ReadKey(intercept: true);

    public void Write(string text) => Console.Write(text);
}
