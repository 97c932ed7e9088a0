using System.Text;

namespace P2PShare.Shell.LineEditing;

/// <summary>The lines typed before, the oldest first, kept in a file that only this person can read.</summary>
public sealed class LineHistory
{
    private const int MostKept = 1000;

    private readonly string? _path;
    private readonly List<string> _lines = [];
    private int _at;
    private string _draft = "";

    /// <param name="path">The file, made with the first line; null: nothing outlives the program.</param>
    public LineHistory(string? path = null)
    {
        _path = path;
        _lines.AddRange(Read());
        _at = _lines.Count;
    }

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Keeps a line, unless it is empty or the one before again, and goes behind the last one.</summary>
    /// <param name="inFile">Whether it outlives the program.</param>
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

    /// <summary>Goes behind the last line, as when a new line is begun.</summary>
    public void Restart()
    {
        _at = _lines.Count;
        _draft = "";
    }

    /// <summary>The line before; null where there is none.</summary>
    /// <param name="typed">What is in the editor, to come back to.</param>
    public string? Previous(string typed)
    {
        if (_at == 0)
        {
            return null;
        }

        _draft = _at == _lines.Count ? typed : _draft;
        return _lines[--_at];
    }

    /// <summary>The line after, at the end what was being typed; null behind that.</summary>
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
            // A prompt without its past is a prompt all the same.
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
