using System.Globalization;
using System.Text;
using P2PShare.Shell.LineEditing;

namespace P2PShare.Unit.Shell.LineEditing;

/// <summary>A terminal whose keys a test types and whose screen it reads. It knows the escape sequences that the editor writes.</summary>
internal sealed class FakeTerminal(int width) : ITerminal
{
    private readonly Queue<ConsoleKeyInfo> _keys = new();
    private readonly List<string[]> _rows = [new string[width]];
    private int _row;
    private int _column;

    public int Width => width;

    // As a person types: each key is drawn before the next.
    public bool KeyAvailable => false;

    /// <summary>What stands on the screen, without what is blank at the right and below.</summary>
    public string[] Screen => [.. _rows.Select(row => string.Concat(row.Select(cell => cell ?? " ")).TrimEnd()).Reverse().SkipWhile(row => row == "").Reverse()];

    public (int Row, int Column) Cursor => (_row, _column);

    public FakeTerminal Type(string text)
    {
        foreach (var character in text)
        {
            _keys.Enqueue(new ConsoleKeyInfo(character, ConsoleKey.None, false, false, false));
        }

        return this;
    }

    public FakeTerminal Press(ConsoleKey key, int times = 1)
    {
        for (var time = 0; time < times; time++)
        {
            _keys.Enqueue(new ConsoleKeyInfo('\0', key, false, false, false));
        }

        return this;
    }

    public FakeTerminal Control(ConsoleKey key)
    {
        _keys.Enqueue(new ConsoleKeyInfo((char)(key - ConsoleKey.A + 1), key, false, false, true));
        return this;
    }

    public ConsoleKeyInfo ReadKey() => _keys.Count > 0 ? _keys.Dequeue() : throw new OutOfKeysException();

    public void Write(string text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            switch (text[at])
            {
                case '\r':
                    _column = 0;
                    break;
                case '\n':
                    Down();
                    break;
                case '\e':
                    at = Escape(text, at + 2);
                    break;
                default:
                    var element = StringInfo.GetNextTextElement(text, at);
                    Put(element);
                    at += element.Length - 1;
                    break;
            }
        }
    }

    private void Put(string element)
    {
        // Of the letters that the tests use, those behind the Latin ones are wide.
        var cells = element.EnumerateRunes().First().Value > 0x2E7F ? 2 : 1;
        if (_column + cells > width)
        {
            Down();
            _column = 0;
        }

        _rows[_row][_column] = element;
        if (cells == 2)
        {
            _rows[_row][_column + 1] = "";
        }

        _column += cells;
    }

    private void Down()
    {
        if (++_row == _rows.Count)
        {
            _rows.Add(new string[width]);
        }
    }

    private int Escape(string text, int at)
    {
        var number = new StringBuilder();
        while (char.IsAsciiDigit(text[at]))
        {
            number.Append(text[at++]);
        }

        var count = number.Length > 0 ? int.Parse(number.ToString(), CultureInfo.InvariantCulture) : 1;
        switch (text[at])
        {
            case 'A':
                _row -= count;
                break;
            case 'C':
                _column += count;
                break;
            case 'J':
                Array.Clear(_rows[_row], _column, width - _column);
                _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                break;
            default:
                throw new NotSupportedException($"The escape sequence ending in {text[at]}.");
        }

        return at;
    }

    /// <summary>The editor waits for a key, and the test has typed all of its own.</summary>
    internal sealed class OutOfKeysException : Exception;
}
