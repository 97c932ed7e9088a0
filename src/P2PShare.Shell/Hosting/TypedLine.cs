using System.Globalization;
using System.Text;

namespace P2PShare.Shell.Hosting;

/// <summary>
/// A line typed at a terminal. Keys are read one by one, since a plain read of a line could neither be hidden nor be given up with Ctrl+C.
/// </summary>
internal static class TypedLine
{
    /// <param name="hidden">Whether what is typed stays invisible.</param>
    /// <param name="interrupted">Whether Ctrl+C was typed.</param>
    /// <returns>The line; null after Ctrl+C, or after Ctrl+D (Ctrl+Z on Windows) on an empty line.</returns>
    public static string? Read(bool hidden, out bool interrupted)
    {
        interrupted = false;
        var line = new StringBuilder();
        Console.TreatControlCAsInput = true;
        try
        {
            while (true)
            {
                var key = Console.ReadKey(intercept: true);
                var control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
                switch (key.Key)
                {
                    case ConsoleKey.Enter:
                        Console.WriteLine();
                        return line.ToString();
                    case ConsoleKey.C when control:
                        Console.WriteLine("^C");
                        interrupted = true;
                        return null;
                    case ConsoleKey.D or ConsoleKey.Z when control && line.Length == 0:
                        Console.WriteLine();
                        return null;
                    case ConsoleKey.U when control:
                        while (line.Length > 0)
                        {
                            Erase(line, hidden);
                        }

                        break;
                    case ConsoleKey.Backspace:
                        Erase(line, hidden);
                        break;
                    default:
                        if (!char.IsControl(key.KeyChar))
                        {
                            line.Append(key.KeyChar);
                            if (!hidden)
                            {
                                Console.Write(key.KeyChar);
                            }
                        }

                        break;
                }
            }
        }
        finally
        {
            Console.TreatControlCAsInput = false;
        }
    }

    private static void Erase(StringBuilder line, bool hidden)
    {
        if (line.Length == 0)
        {
            return;
        }

        // A letter with its accents, or a pair of surrogates, goes as one.
        var starts = StringInfo.ParseCombiningCharacters(line.ToString());
        line.Length = starts[^1];
        if (!hidden)
        {
            Console.Write("\b \b");
        }
    }
}
