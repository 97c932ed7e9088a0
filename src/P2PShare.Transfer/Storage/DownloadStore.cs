using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// A user's downloads at a tracker, as they are kept between shells. A download that no peer server runs is read and
/// changed here.
/// </summary>
public sealed class DownloadStore(StateFolder state, TrackerAccount account) : IDownloadStore
{
    private readonly StateDatabase _database = state.Database;
    private readonly string _trackerId = account.TrackerId.ToString("D");
    private readonly string _userName = account.UserName;

    /// <summary>All downloads, the oldest first, with the writes of this process that still wait.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public async Task<IReadOnlyList<SavedDownload>> GetAllAsync(CancellationToken cancellationToken)
    {
        await _database.FlushAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        return await Task.Run(GetAll, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Marks a download that no process runs as stopped.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.DestinationInUse"/>, <see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public Task StopAsync(SavedDownload download)
    {
        ThrowIfHeld(download);
        return ExplainFailureAsync(UpdateAsync(download.Id, DownloadState.Stopped, null, download.BytesVerified));
    }

    /// <summary>Removes a download and deletes its part file; a finished file stays.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.DestinationInUse"/> if a process writes to the part file, and nothing is done then;
    /// <see cref="ErrorCode.PathUnwritable"/>, <see cref="ErrorCode.StateFolderUnusable"/>.
    /// </exception>
    public Task RemoveAsync(SavedDownload download)
    {
        var destination = download.Request.Destination;
        if (download.Request.InPlace && !File.Exists(destination) && File.Exists(destination + FileName.PartSuffix))
        {
            throw new P2PShareException(
                ErrorCode.DestinationInvalid,
                $"'{destination}{FileName.PartSuffix}' is all that is left of '{destination}', which was being updated in place. Resume the download, or delete that file yourself.");
        }

        if (download.State != DownloadState.Complete)
        {
            PartFile.Delete(destination);
        }

        return ExplainFailureAsync(RemoveAsync([download.Id]));
    }

    /// <exception cref="P2PShareException"><see cref="ErrorCode.DestinationInUse"/>.</exception>
    public static void ThrowIfHeld(SavedDownload download)
    {
        if (download.IsHeld)
        {
            throw new P2PShareException(
                ErrorCode.DestinationInUse,
                $"'{download.Request.Name}' is being received by another shell. Suspend, stop or remove it there, or wait until that shell has ended.");
        }
    }

    /// <inheritdoc cref="StateDatabase.WriteAsync"/>
    internal Task AddAsync(Guid id, DownloadRequest request, DateTimeOffset created) =>
        SaveAsync([new SavedDownload(id, request, DownloadState.Running, null, 0, created)]);

    /// <summary>Adds downloads together, or updates those that are there.</summary>
    /// <inheritdoc cref="StateDatabase.WriteAsync" path="/returns"/>
    internal Task SaveAsync(IReadOnlyList<SavedDownload> downloads) => _database.WriteAsync(transaction =>
    {
        var insert = transaction.Prepare(
            """
            INSERT INTO downloads (id, tracker_id, user_name, group_id, group_name, file_name, size, piece_length, pieces_root,
                destination, overwrite, in_place, state, bytes_verified, created, modified, executable, is_earlier)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
            ON CONFLICT (id) DO UPDATE SET state = excluded.state, bytes_verified = excluded.bytes_verified, error_code = NULL, error_message = NULL
            """);
        foreach (var download in downloads)
        {
            var (group, content, attributes) = (download.Request.Group, download.Request.Content, download.Request.Attributes);
            insert.Bind(download.Id.ToString("D")).Bind(_trackerId).Bind(_userName).Bind(group.Id.ToString("D")).Bind(group.Name)
                .Bind(download.Request.Name).Bind(content.Size).Bind(content.PieceLength).Bind(content.PiecesRoot)
                .Bind(download.Request.Destination).Bind(download.Request.Overwrite ? 1 : 0).Bind(download.Request.InPlace ? 1 : 0).Bind(download.State.ToString())
                .Bind(download.BytesVerified).Bind(download.Created.UtcTicks)
                .Bind(attributes.Modified?.UtcTicks).Bind(attributes.Executable is { } executable ? executable ? 1 : 0 : (long?)null)
                .Bind(download.Request.IsEarlier ? 1 : 0).Run();
        }
    });

    /// <inheritdoc cref="StateDatabase.WriteAsync"/>
    internal Task UpdateAsync(Guid id, DownloadState state, P2PShareException? error, long bytesVerified) =>
        _database.WriteAsync(
            "UPDATE downloads SET state = @state, error_code = @code, error_message = @message, bytes_verified = @bytesVerified WHERE id = @id",
            new { id = id.ToString("D"), state = state.ToString(), code = error?.Code, message = error?.Message, bytesVerified });

    /// <inheritdoc cref="StateDatabase.WriteAsync"/>
    internal Task RemoveAsync(IReadOnlyList<Guid> ids) => _database.WriteAsync(
        "DELETE FROM downloads WHERE id IN (SELECT value FROM json_each(@Ids))", new { Ids = JsonSerializer.Serialize(ids) });

    internal IReadOnlyList<SavedDownload> GetAll()
    {
        var rows = _database.Read(connection => connection.Query<Row>(
            """
            SELECT id AS Id, group_id AS GroupId, group_name AS GroupName, file_name AS FileName, size AS Size, piece_length AS PieceLength,
                pieces_root AS PiecesRoot, destination AS Destination, overwrite AS Overwrite, in_place AS InPlace, state AS State,
                error_code AS ErrorCode, error_message AS ErrorMessage, bytes_verified AS BytesVerified, created AS Created,
                modified AS Modified, executable AS Executable, is_earlier AS IsEarlier
            FROM downloads WHERE tracker_id = @trackerId AND user_name = @userName ORDER BY created
            """,
            new { trackerId = _trackerId, userName = _userName }));
        return [.. rows.Select(row => row.ToDownload())];
    }

    IReadOnlyList<SavedDownload> IDownloadStore.GetAll() => GetAll();

    Task IDownloadStore.AddAsync(Guid id, DownloadRequest request, DateTimeOffset created) => AddAsync(id, request, created);

    Task IDownloadStore.SaveAsync(IReadOnlyList<SavedDownload> downloads) => SaveAsync(downloads);

    Task IDownloadStore.UpdateAsync(Guid id, DownloadState state, P2PShareException? error, long bytesVerified) =>
        UpdateAsync(id, state, error, bytesVerified);

    Task IDownloadStore.RemoveAsync(IReadOnlyList<Guid> ids) => RemoveAsync(ids);

    private async Task ExplainFailureAsync(Task write)
    {
        try
        {
            await write.ConfigureAwait(false);
        }
        catch (SqliteException e)
        {
            throw _database.Unusable(e);
        }
    }

    private sealed class Row
    {
        public required string Id { get; init; }

        public required string? GroupId { get; init; }

        public required string GroupName { get; init; }

        public required string FileName { get; init; }

        public required long Size { get; init; }

        public required int PieceLength { get; init; }

        public required byte[]? PiecesRoot { get; init; }

        public required string Destination { get; init; }

        public required bool Overwrite { get; init; }

        public required bool InPlace { get; init; }

        public required string State { get; init; }

        public required string? ErrorCode { get; init; }

        public required string? ErrorMessage { get; init; }

        public required long BytesVerified { get; init; }

        public required long Created { get; init; }

        public required long? Modified { get; init; }

        public required bool? Executable { get; init; }

        public required bool IsEarlier { get; init; }

        public SavedDownload ToDownload()
        {
            Hash256? root = PiecesRoot is null ? null : new Hash256(PiecesRoot);
            var request = new DownloadRequest(
                new GroupIdentity(GroupId is null ? Guid.Empty : Guid.Parse(GroupId), GroupName),
                FileName,
                new ContentDescription(Size, PieceLength, root),
                Destination,
                Overwrite)
            {
                InPlace = InPlace,
                Attributes = new EntryAttributes(Modified is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null, Executable),
                IsEarlier = IsEarlier,
            };
            var error = ErrorCode is null ? null : new P2PShareException(ErrorCode, ErrorMessage ?? ErrorCode);
            return new SavedDownload(
                Guid.Parse(Id), request, Enum.Parse<DownloadState>(State), error, BytesVerified, new DateTimeOffset(Created, TimeSpan.Zero));
        }
    }
}
