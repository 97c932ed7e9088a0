using System.Text;

namespace P2PShare.Shell.LineEditing;

/// <summary>The typed lines, oldest first, kept in a file that only this user can read.</summary>
public sealed class LineHistory
{
    private const int MostKept = 1000;

    private readonly string? _path;
    private readonly List<string> _lines = [];
    private int _at;
    private string _draft = "";

    /// <param name="path">The file, created with the first line; null: the history ends with the program.</param>
    public LineHistory(string? path = null)
    {
        _path = path;
        _lines.AddRange(Read());
        _at = _lines.Count;
    }

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Adds a line unless it is empty or repeats the last one, and moves after the last line.</summary>
    /// <param name="inFile">Whether the line is stored in the file.</param>
    public void Add(string line, bool inFile = true)
    {
        if (line.Trim().Length > 0 && (_lines.Count == 0 || _lines[^1] != line))
        {
            _lines.Add(line);
            if (inFile)
            {
                Append(line);
            }
        }

        Restart();
    }

    /// <summary>Moves after the last line, where a new line is typed.</summary>
    public void Restart()
    {
        _at = _lines.Count;
        _draft = "";
    }

    /// <summary>The previous line; null if there is none.</summary>
    /// <param name="typed">The editor's text, restored when the user moves back to it.</param>
    public string? Previous(string typed)
    {
        if (_at == 0)
        {
            return null;
        }

        _draft = _at == _lines.Count ? typed : _draft;
        return _lines[--_at];
    }

    /// <summary>The next line, then the text that was being typed; null after that.</summary>
    public string? Next()
    {
        if (_at == _lines.Count)
        {
            return null;
        }

        return ++_at == _lines.Count ? _draft : _lines[_at];
    }

    private string[] Read()
    {
        try
        {
            if (_path is null || !File.Exists(_path))
            {
                return [];
            }

            var lines = File.ReadAllLines(_path);
            if (lines.Length > 2 * MostKept)
            {
                lines = lines[^MostKept..];
                File.WriteAllLines(_path, lines);
            }

            return lines;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The prompt works without its history.
            return [];
        }
    }

    private void Append(string line)
    {
        if (_path is null)
        {
            return;
        }

        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite };
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            }
            else
            {
                Directory.CreateDirectory(Path.GetDirectoryName(_path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using var stream = new FileStream(_path, options);
            stream.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // As above.
        }
    }
}
