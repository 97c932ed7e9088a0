using System.Management.Automation;
using System.Management.Automation.Host;

namespace P2PShare.Shell.Hosting;

/// <summary>What the engine asks for to lay out text: a width. The rest of a screen is not offered.</summary>
internal sealed class ConsoleRawUserInterface : PSHostRawUserInterface
{
    // Where there is no window (a pipe, a file), tables need some width.
    private const int WidthWithoutWindow = 120;

    /// <summary>Columns that every line needs for something else.</summary>
    public int ReservedWidth { get; set; }

    public override ConsoleColor BackgroundColor { get; set; } = ConsoleColor.Black;

    public override ConsoleColor ForegroundColor { get; set; } = ConsoleColor.Gray;

    public override Size BufferSize
    {
        get => WindowSize;
        set => throw NotOffered();
    }

    public override Coordinates CursorPosition
    {
        get => default;
        set => throw NotOffered();
    }

    public override int CursorSize { get; set; } = 25;

    public override bool KeyAvailable => !Console.IsInputRedirected && Console.KeyAvailable;

    public override Size MaxPhysicalWindowSize => WindowSize;

    public override Size MaxWindowSize => WindowSize;

    public override Coordinates WindowPosition
    {
        get => default;
        set => throw NotOffered();
    }

    public override Size WindowSize
    {
        get => Console.IsOutputRedirected || Console.WindowWidth <= 0
            ? new Size(WidthWithoutWindow - ReservedWidth, 50)
            : new Size(Math.Max(1, Console.WindowWidth - ReservedWidth), Console.WindowHeight);
        set => throw NotOffered();
    }

    public override string WindowTitle
    {
        get => "p2pshare";
        set { }
    }

    public override void FlushInputBuffer()
    {
    }

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw NotOffered();

    public override KeyInfo ReadKey(ReadKeyOptions options) => throw NotOffered();

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) => throw NotOffered();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw NotOffered();

    public override void SetBufferContents(Rectangle rectangle, BufferCell fill) => throw NotOffered();

    private static PSNotSupportedException NotOffered() => new("p2pshare writes lines; it does not offer the console's screen buffer.");
}
