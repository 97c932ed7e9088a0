using Microsoft.Win32.SafeHandles;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>Opening and reading a file that is shared, with what can be wrong with it said to a person.</summary>
internal static class SourceFile
{
    /// <exception cref="P2PShareException">PathNotFound, PathIsFolder or PathUnreadable.</exception>
    public static SafeFileHandle Open(string path)
    {
        if (Directory.Exists(path))
        {
            throw new P2PShareException(ErrorCode.PathIsFolder, $"'{path}' is a folder; a file was expected. To share what is in it, use -Recurse.");
        }

        try
        {
            // Others may replace or delete the file: it is theirs, and what was hashed is checked again before it is served.
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new P2PShareException(ErrorCode.PathNotFound, $"The file '{path}' does not exist. Check the path.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    public static (long Size, DateTimeOffset Modified) Stat(SafeFileHandle handle) =>
        (RandomAccess.GetLength(handle), new DateTimeOffset(File.GetLastWriteTimeUtc(handle), TimeSpan.Zero));

    /// <exception cref="EndOfStreamException">The file is shorter than it was.</exception>
    public static void ReadExactly(SafeFileHandle handle, Span<byte> buffer, long offset)
    {
        while (!buffer.IsEmpty)
        {
            var read = RandomAccess.Read(handle, buffer, offset);
            if (read == 0)
            {
                throw new EndOfStreamException();
            }

            buffer = buffer[read..];
            offset += read;
        }
    }

    public static P2PShareException Changed(string path) => new(
        ErrorCode.SourceFileChanged, $"'{path}' was changed while it was read. Share it again when nothing writes to it.");

    public static P2PShareException Unreadable(string path, Exception e) =>
        new(ErrorCode.PathUnreadable, $"'{path}' cannot be read: {e.Message}", e);
}
