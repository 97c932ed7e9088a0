using P2PShare.Shell.LineEditing;

namespace P2PShare.Unit.Shell.LineEditing;

public sealed class LineEditorTests
{
    [Fact]
    public void What_is_typed_is_shown_behind_the_prompt_and_returned()
    {
        var terminal = new FakeTerminal(20).Type("list_groups").Press(ConsoleKey.Enter);

        Assert.Equal(("list_groups", LineEnd.Entered), new LineEditor(terminal).Read("> "));
        Assert.Equal(["> list_groups"], terminal.Screen);
        Assert.Equal((1, 0), terminal.Cursor);
    }

    [Fact]
    public void A_long_line_wraps_and_can_be_changed_at_its_start()
    {
        var terminal = new FakeTerminal(10).Type("abcdefghijklmnop").Control(ConsoleKey.A).Type("X");

        ReadWithoutEnd(new LineEditor(terminal));

        Assert.Equal(["> Xabcdefg", "hijklmnop"], terminal.Screen);
        Assert.Equal((0, 3), terminal.Cursor);
    }

    [Theory]
    [InlineData(8, 1, 0)]
    [InlineData(7, 0, 9)]
    [InlineData(18, 2, 0)]
    public void The_cursor_is_right_where_a_row_is_just_full(int letters, int row, int column)
    {
        var terminal = new FakeTerminal(10).Type(new string('x', letters));

        ReadWithoutEnd(new LineEditor(terminal));

        Assert.Equal((row, column), terminal.Cursor);
    }

    [Fact]
    public void A_wide_letter_that_does_not_fit_goes_to_the_next_row_whole()
    {
        var terminal = new FakeTerminal(6).Type("abc字d").Press(ConsoleKey.LeftArrow);

        ReadWithoutEnd(new LineEditor(terminal));

        Assert.Equal(["> abc", "字d"], terminal.Screen);
        Assert.Equal((1, 2), terminal.Cursor);
    }

    [Fact]
    public void What_becomes_shorter_leaves_nothing_behind()
    {
        var terminal = new FakeTerminal(10).Type("abcdefghijklmnop").Control(ConsoleKey.U).Type("z");

        ReadWithoutEnd(new LineEditor(terminal));

        Assert.Equal(["> z"], terminal.Screen);
    }

    [Theory]
    [InlineData(ConsoleKey.A, "Xone two three")]
    [InlineData(ConsoleKey.E, "one two threeX")]
    [InlineData(ConsoleKey.U, "X")]
    [InlineData(ConsoleKey.W, "one two X")]
    [InlineData(ConsoleKey.H, "one two threX")]
    [InlineData(ConsoleKey.B, "one two threXe")]
    [InlineData(ConsoleKey.LeftArrow, "one two Xthree")]
    public void Control_keys_do_what_they_do_elsewhere(ConsoleKey key, string expected)
    {
        var terminal = new FakeTerminal(80).Type("one two three").Control(key).Type("X").Press(ConsoleKey.Enter);

        Assert.Equal(expected, new LineEditor(terminal).Read("> ").Line);
    }

    [Fact]
    public void Keys_without_control_move_and_delete()
    {
        var terminal = new FakeTerminal(80).Type("abc").Press(ConsoleKey.Home).Press(ConsoleKey.Delete).Press(ConsoleKey.RightArrow).Type("-")
            .Press(ConsoleKey.End).Press(ConsoleKey.Backspace).Type("!").Press(ConsoleKey.Enter);

        Assert.Equal("b-!", new LineEditor(terminal).Read("> ").Line);
    }

    [Fact]
    public void A_letter_with_an_accent_and_a_pair_of_surrogates_are_deleted_as_one()
    {
        var terminal = new FakeTerminal(80).Type("ae\u0301😀").Press(ConsoleKey.Backspace, times: 2).Press(ConsoleKey.Enter);

        Assert.Equal("a", new LineEditor(terminal).Read("> ").Line);
    }

    [Fact]
    public void Ctrl_C_gives_the_line_up_and_the_next_begins_empty()
    {
        var editor = new LineEditor(new FakeTerminal(80).Type("half a li").Control(ConsoleKey.C).Type("next").Press(ConsoleKey.Enter));

        Assert.Equal(("", LineEnd.Interrupted), editor.Read("> "));
        Assert.Equal(("next", LineEnd.Entered), editor.Read("> "));
    }

    [Fact]
    public void Ctrl_D_leaves_on_an_empty_line_and_deletes_on_any_other()
    {
        Assert.Equal(("", LineEnd.EndOfInput), new LineEditor(new FakeTerminal(80).Control(ConsoleKey.D)).Read("> "));

        var terminal = new FakeTerminal(80).Type("ab").Press(ConsoleKey.Home).Control(ConsoleKey.D).Press(ConsoleKey.Enter);
        Assert.Equal(("b", LineEnd.Entered), new LineEditor(terminal).Read("> "));
    }

    [Fact]
    public void What_is_hidden_is_on_no_screen()
    {
        var terminal = new FakeTerminal(80).Type("geheim").Press(ConsoleKey.Backspace).Press(ConsoleKey.Enter);

        Assert.Equal("gehei", new LineEditor(terminal).Read("Password: ", hidden: true).Line);
        Assert.Equal(["Password:"], terminal.Screen);
    }

    [Fact]
    public void The_arrows_go_through_the_history_and_back_to_what_was_being_typed()
    {
        var history = new LineHistory();
        history.Add("first");
        history.Add("second");
        var terminal = new FakeTerminal(80).Type("dra").Press(ConsoleKey.UpArrow, times: 3).Press(ConsoleKey.DownArrow, times: 2).Type("ft").Press(ConsoleKey.Enter);

        Assert.Equal("draft", new LineEditor(terminal, history).Read("> ").Line);

        terminal.Press(ConsoleKey.UpArrow, times: 2).Press(ConsoleKey.Enter);
        Assert.Equal("first", new LineEditor(terminal, history).Read("> ").Line);
    }

    [Fact]
    public void Tab_puts_in_the_only_possibility()
    {
        var terminal = new FakeTerminal(80).Type("list_g").Press(ConsoleKey.Tab).Type("!").Press(ConsoleKey.Enter);

        Assert.Equal("list_groups !", new LineEditor(terminal, complete: Names("list_groups ")).Read("> ").Line);
    }

    [Fact]
    public void Tab_puts_in_what_all_have_in_common_and_lists_them_the_second_time()
    {
        var terminal = new FakeTerminal(40).Type("l").Press(ConsoleKey.Tab, times: 2).Type("f").Press(ConsoleKey.Enter);

        Assert.Equal("list_f", new LineEditor(terminal, complete: Names("list_files", "list_groups", "list_requests")).Read("> ").Line);
        Assert.Equal(["> list_", "list_files     list_requests", "list_groups", "> list_f"], terminal.Screen);
    }

    [Fact]
    public void Tab_without_a_possibility_changes_nothing()
    {
        var terminal = new FakeTerminal(40).Type("abc").Press(ConsoleKey.Tab, times: 3).Press(ConsoleKey.Enter);

        Assert.Equal("abc", new LineEditor(terminal, complete: (_, _) => Completion.None).Read("> ").Line);
        Assert.Equal(["> abc"], terminal.Screen);
    }

    private static Func<string, int, Completion> Names(params string[] names) =>
        (line, cursor) => new Completion(0, cursor, [.. names.Where(name => name.StartsWith(line[..cursor], StringComparison.Ordinal))]);

    private static void ReadWithoutEnd(LineEditor editor) => Assert.Throws<FakeTerminal.OutOfKeysException>(() => editor.Read("> "));
}
