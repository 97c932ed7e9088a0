using Microsoft.Data.Sqlite;
using P2PShare.Protocol;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// A copy of a tracker's data folder as of one moment, made while the tracker runs and writes. It is a data folder itself.
/// </summary>
internal static class SqliteBackup
{
    // Its time of change is that of the last backup.
    private const string RecordName = "last-backup";

    /// <returns>When the last backup of a data folder ended; null if there was none.</returns>
    public static DateTimeOffset? FindLast(string dataPath) =>
        new FileInfo(Path.Combine(dataPath, RecordName)) is { Exists: true } record ? new DateTimeOffset(record.LastWriteTimeUtc, TimeSpan.Zero) : null;

    /// <summary>Notes that a backup has just been made.</summary>
    /// <exception cref="IOException">The data folder cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The data folder, or the note of another user, cannot be written.</exception>
    public static void RecordNow(string dataPath)
    {
        var record = Path.Combine(dataPath, RecordName);
        PrivateFile.CreateEmptyIfMissing(record);
        File.SetLastWriteTimeUtc(record, DateTime.UtcNow);
    }

    /// <param name="folder">Must not exist; it is written as a whole or not at all.</param>
    /// <param name="files">Names of further files of the data folder that belong to the backup, if they exist.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnwritable"/>.</exception>
    public static async Task WriteAsync(string dataPath, string folder, IEnumerable<string> files, CancellationToken cancellationToken)
    {
        var unfinished = $"{folder}.{Guid.NewGuid():N}.tmp";
        try
        {
            if (Path.Exists(folder))
            {
                throw new IOException("it exists already");
            }

            PrivateFile.CreateFolder(unfinished);
            var database = Path.Combine(unfinished, SqliteDatabase.FileName);
            PrivateFile.CreateEmptyIfMissing(database);
            await using (var from = new SqliteConnection($"Data Source={Path.Combine(dataPath, SqliteDatabase.FileName)};Mode=ReadOnly;Pooling=false"))
            await using (var to = new SqliteConnection($"Data Source={database};Pooling=false"))
            {
                await from.OpenAsync(cancellationToken);
                await to.OpenAsync(cancellationToken);
                from.BackupDatabase(to);
            }

            foreach (var name in files.Where(name => File.Exists(Path.Combine(dataPath, name))))
            {
                PrivateFile.WriteOnce(Path.Combine(unfinished, name), await File.ReadAllTextAsync(Path.Combine(dataPath, name), cancellationToken));
            }

            Directory.Move(unfinished, folder);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(
                ErrorCode.PathUnwritable, $"The backup '{folder}' cannot be created: {e.Message.TrimEnd('.')}. Give a folder that does not exist yet, on a disk with room.", e);
        }
        finally
        {
            if (Directory.Exists(unfinished))
            {
                Directory.Delete(unfinished, recursive: true);
            }
        }
    }
}
