using System.Globalization;

namespace P2PShare.Shell.LineEditing;

/// <summary>The text of a line and the cursor's position. The cursor moves by text elements: a letter with its accents, or a surrogate pair, is one step.</summary>
public sealed class LineBuffer
{
    public string Text { get; private set; } = "";

    /// <summary>0 to the text's length.</summary>
    public int Cursor { get; private set; }

    public void Set(string text)
    {
        Text = text;
        Cursor = text.Length;
    }

    public void Insert(string text) => Replace(Cursor, 0, text);

    /// <summary>Replaces a part by other text, and puts the cursor after it.</summary>
    public void Replace(int start, int length, string text)
    {
        Text = string.Concat(Text.AsSpan(0, start), text, Text.AsSpan(start + length));
        Cursor = start + text.Length;
    }

    public void MoveLeft() => Cursor = Before;

    public void MoveRight() => Cursor = After;

    public void MoveTo(int cursor) => Cursor = cursor;

    public void MoveHome() => Cursor = 0;

    public void MoveEnd() => Cursor = Text.Length;

    public void MoveWordLeft() => Cursor = WordStart(char.IsLetterOrDigit);

    public void MoveWordRight()
    {
        while (Cursor < Text.Length && !char.IsLetterOrDigit(Text[Cursor]))
        {
            Cursor++;
        }

        while (Cursor < Text.Length && char.IsLetterOrDigit(Text[Cursor]))
        {
            Cursor++;
        }
    }

    public void DeleteBefore() => Cut(Before, Cursor);

    public void DeleteAfter() => Cut(Cursor, After);

    public void DeleteToStart() => Cut(0, Cursor);

    public void DeleteToEnd() => Cut(Cursor, Text.Length);

    /// <summary>Deletes the word before the cursor, back to white space, as terminals do.</summary>
    public void DeleteWordBefore() => Cut(WordStart(character => !char.IsWhiteSpace(character)), Cursor);

    private int Before => Cursor == 0 ? 0 : StringInfo.ParseCombiningCharacters(Text[..Cursor])[^1];

    private int After => Cursor + StringInfo.GetNextTextElementLength(Text.AsSpan(Cursor));

    private int WordStart(Func<char, bool> belongs)
    {
        var at = Cursor;
        while (at > 0 && !belongs(Text[at - 1]))
        {
            at--;
        }

        while (at > 0 && belongs(Text[at - 1]))
        {
            at--;
        }

        return at;
    }

    private void Cut(int start, int end) => Replace(start, end - start, "");
}
