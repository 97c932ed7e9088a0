using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Hosting;

namespace P2PShare.TrackerHost.Storage;

/// <summary>
/// A copy of a tracker's data folder as of one moment, made while the tracker runs and writes. It is a data folder itself.
/// </summary>
internal static class SqliteBackup
{
    /// <param name="folder">Must not exist; it is there as a whole or not at all.</param>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.PathUnwritable"/>.</exception>
    public static async Task WriteAsync(string dataPath, string folder, CancellationToken cancellationToken)
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

            var certificate = Path.Combine(dataPath, TrackerCertificate.FileName);
            if (File.Exists(certificate))
            {
                PrivateFile.WriteOnce(Path.Combine(unfinished, TrackerCertificate.FileName), await File.ReadAllTextAsync(certificate, cancellationToken));
            }

            Directory.Move(unfinished, folder);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(
                ErrorCode.PathUnwritable, $"The backup '{folder}' cannot be made: {e.Message.TrimEnd('.')}. Give a folder that is not there yet, on a disk with room.", e);
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
