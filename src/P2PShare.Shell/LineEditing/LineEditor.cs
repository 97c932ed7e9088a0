namespace P2PShare.Shell.LineEditing;

/// <summary>How the reading of a line ended.</summary>
public enum LineEnd
{
    Entered,

    /// <summary>Ctrl+C: the line is discarded.</summary>
    Interrupted,

    /// <summary>Ctrl+D (Ctrl+Z on Windows) on an empty line.</summary>
    EndOfInput,
}

/// <summary>
/// Reads a line from a terminal, with the keys of bash and PowerShell. PSReadLine is not available as a package: it comes only inside the
/// PowerShell tool. It also parses lines as PowerShell, and the lines of the original's commands are not PowerShell.
/// </summary>
/// <param name="terminal">The terminal to read from and to draw on.</param>
/// <param name="history">For the up and down arrows; null: none.</param>
/// <param name="complete">For Tab: returns the completions at a position of a line; null: none.</param>
public sealed class LineEditor(ITerminal terminal, LineHistory? history = null, Func<string, int, Completion>? complete = null)
{
    private readonly LineBuffer _buffer = new();
    private string _prompt = "";
    private bool _hidden;

    // The cursor's row on the screen, counted from the prompt's first row.
    private int _row;

    /// <summary>Reads a line.</summary>
    /// <param name="hidden">Whether the typed text is not shown and not kept in the history.</param>
    /// <returns>The line, empty unless it was entered, and how reading ended.</returns>
    public (string Line, LineEnd End) Read(string prompt, bool hidden = false)
    {
        _prompt = prompt;
        _hidden = hidden;
        _buffer.Set("");
        _row = 0;
        history?.Restart();
        Draw();
        var tabBefore = false;
        while (true)
        {
            var key = terminal.ReadKey();
            var tab = key.Key == ConsoleKey.Tab && !hidden;
            if (tab)
            {
                Complete(list: tabBefore);
            }
            else if (Apply(key) is { } end)
            {
                return (end == LineEnd.Entered ? _buffer.Text : "", end);
            }

            tabBefore = tab;

            // Pasted text is drawn once.
            if (!terminal.KeyAvailable)
            {
                Draw();
            }
        }
    }

    private LineEnd? Apply(ConsoleKeyInfo key)
    {
        var control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        var word = control || key.Modifiers.HasFlag(ConsoleModifiers.Alt);
        switch (key.Key)
        {
            case ConsoleKey.C when control:
                Leave("^C");
                return LineEnd.Interrupted;
            case ConsoleKey.D or ConsoleKey.Z when control && _buffer.Text.Length == 0:
                Leave("");
                return LineEnd.EndOfInput;
            case ConsoleKey.Enter:
                Leave("");
                return LineEnd.Entered;
            case ConsoleKey.A when control:
            case ConsoleKey.Home:
                _buffer.MoveHome();
                break;
            case ConsoleKey.E when control:
            case ConsoleKey.End:
                _buffer.MoveEnd();
                break;
            case ConsoleKey.LeftArrow when word:
            case ConsoleKey.B when key.Modifiers.HasFlag(ConsoleModifiers.Alt):
                _buffer.MoveWordLeft();
                break;
            case ConsoleKey.RightArrow when word:
            case ConsoleKey.F when key.Modifiers.HasFlag(ConsoleModifiers.Alt):
                _buffer.MoveWordRight();
                break;
            case ConsoleKey.B when control:
            case ConsoleKey.LeftArrow:
                _buffer.MoveLeft();
                break;
            case ConsoleKey.F when control:
            case ConsoleKey.RightArrow:
                _buffer.MoveRight();
                break;
            case ConsoleKey.P when control:
            case ConsoleKey.UpArrow:
                Recall(_hidden ? null : history?.Previous(_buffer.Text));
                break;
            case ConsoleKey.N when control:
            case ConsoleKey.DownArrow:
                Recall(_hidden ? null : history?.Next());
                break;
            case ConsoleKey.W when control:
            case ConsoleKey.Backspace when word:
                _buffer.DeleteWordBefore();
                break;
            case ConsoleKey.H when control:
            case ConsoleKey.Backspace:
                _buffer.DeleteBefore();
                break;
            case ConsoleKey.D when control:
            case ConsoleKey.Delete:
                _buffer.DeleteAfter();
                break;
            case ConsoleKey.U when control:
                _buffer.DeleteToStart();
                break;
            case ConsoleKey.K when control:
                _buffer.DeleteToEnd();
                break;
            case ConsoleKey.Escape:
                _buffer.Set("");
                break;
            case ConsoleKey.L when control:
                terminal.Write("\e[H\e[2J");
                _row = 0;
                break;
            default:
                if (key.KeyChar is '\r' or '\n')
                {
                    Leave("");
                    return LineEnd.Entered;
                }

                if (!char.IsControl(key.KeyChar))
                {
                    _buffer.Insert(key.KeyChar.ToString());
                }

                break;
        }

        return null;
    }

    private void Recall(string? line)
    {
        if (line is not null)
        {
            _buffer.Set(line);
        }
    }

    /// <summary>Inserts the common prefix of all completions; if that adds nothing, the second Tab lists them.</summary>
    private void Complete(bool list)
    {
        var found = complete?.Invoke(_buffer.Text, _buffer.Cursor) ?? Completion.None;
        if (found.Texts.Count == 0)
        {
            return;
        }

        var common = found.Texts.Count == 1 ? found.Texts[0] : CommonStart(found.Texts);
        var typed = _buffer.Text.Substring(found.Start, found.Length);
        if (common.Length > typed.Length || (found.Texts.Count == 1 && common != typed))
        {
            _buffer.Replace(found.Start, found.Length, common);
        }
        else if (list && found.Texts.Count > 1)
        {
            List(found.Texts);
        }
    }

    private void List(IReadOnlyList<string> texts)
    {
        const int MostShown = 100;
        var cursor = _buffer.Cursor;
        _buffer.MoveEnd();
        Draw();
        _buffer.MoveTo(cursor);
        var shown = texts.Take(MostShown).Select(text => text.Trim()).ToArray();
        var column = shown.Max(CellWidth.Of) + 2;
        var columns = Math.Max(1, terminal.Width / column);
        var rows = (shown.Length + columns - 1) / columns;
        var lines = Enumerable.Range(0, rows).Select(row => string.Concat(
            Enumerable.Range(0, columns).Select(at => (at * rows) + row).Where(index => index < shown.Length)
                .Select(index => shown[index] + new string(' ', column - CellWidth.Of(shown[index])))).TrimEnd());
        var rest = texts.Count > MostShown ? $"\r\n… {texts.Count - MostShown} more" : "";
        terminal.Write("\r\n" + string.Join("\r\n", lines) + rest + "\r\n");
        _row = 0;
    }

    // Ignores case if only the case differs, as on systems without case-sensitive names; the first completion's spelling is used.
    private static string CommonStart(IReadOnlyList<string> texts)
    {
        var length = texts.Min(text => text.Length);
        var at = 0;
        while (at < length && texts.All(text => char.ToUpperInvariant(text[at]) == char.ToUpperInvariant(texts[0][at])))
        {
            at++;
        }

        return texts[0][..at];
    }

    /// <summary>Leaves the line on the screen and moves the cursor below it.</summary>
    private void Leave(string mark)
    {
        _buffer.MoveEnd();
        Draw();
        terminal.Write(mark + "\r\n");
    }

    private void Draw()
    {
        var text = _hidden ? "" : _buffer.Text;
        var end = Place(_prompt + text);
        var cursor = Place(_prompt + (_hidden ? "" : text[.._buffer.Cursor]));
        var output = Up(_row) + "\r\e[J" + _prompt + text;
        if (end is { Row: > 0, Column: 0 })
        {
            // After a full row the terminal moves to the next row only with the next letter.
            output += "\r\n";
        }

        terminal.Write(output + Up(end.Row - cursor.Row) + "\r" + (cursor.Column > 0 ? $"\e[{cursor.Column}C" : ""));
        _row = cursor.Row;
    }

    private static string Up(int rows) => rows > 0 ? $"\e[{rows}A" : "";

    /// <summary>The cursor's position after a text that begins at the left border.</summary>
    private (int Row, int Column) Place(string text)
    {
        var (row, column) = (0, 0);
        var elements = System.Globalization.StringInfo.GetTextElementEnumerator(text);
        while (elements.MoveNext())
        {
            var cells = CellWidth.Of(elements.GetTextElement());
            if (column + cells > terminal.Width)
            {
                (row, column) = (row + 1, 0);
            }

            column += cells;
        }

        return column == terminal.Width ? (row + 1, 0) : (row, column);
    }
}
