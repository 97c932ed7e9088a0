using System.Runtime.InteropServices;
using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Storage;

/// <summary>The files that a user offers at a tracker, as they are kept between shells.</summary>
/// <param name="withdrawAtTracker">Stops sharing names in a group, at the tracker.</param>
public sealed class ShareStore(
    StateFolder state, TrackerAccount account, Func<string, IReadOnlyList<string>, CancellationToken, Task<WithdrawFilesResponse>> withdrawAtTracker)
{
    private readonly StateDatabase _database = state.Database;
    private readonly string _trackerId = account.TrackerId.ToString("D");
    private readonly string _userName = account.UserName;

    /// <summary>Of the state folder.</summary>
    internal string Path { get; } = state.Path;

    /// <summary>What a file was hashed to when it was shared or received, if it has not been touched since.</summary>
    /// <param name="path">Full path.</param>
    /// <returns>Null if that is not known.</returns>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public ContentDescription? FindUnchanged(string path)
    {
        try
        {
            if (SafeFile.Find(path) is not { Kind: FileKind.File, Stamp: var now })
            {
                return null;
            }

            var row = _database.Read(connection => connection.QuerySingleOrDefault<(int PieceLength, byte[]? PiecesRoot)?>(
                """
                SELECT piece_length, pieces_root FROM contents
                WHERE path = @path AND size = @Size AND modified = @Modified AND file_id = @File AND changed = @Changed
                """,
                new { path, now.Size, Modified = now.Modified.UtcTicks, now.Identity?.File, now.Identity?.Changed }));
            return row is { } known
                ? new ContentDescription(now.Size, known.PieceLength, known.PiecesRoot is null ? null : new Hash256(known.PiecesRoot))
                : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Stops sharing names in a group, at the tracker and for the next peer server. A running peer server stops offering them at
    /// its next announce, or at once if the shares were stopped through it.
    /// </summary>
    /// <param name="names">At most <see cref="WithdrawFilesRequest.MaxNames"/>.</param>
    /// <exception cref="P2PShareException">The tracker's, or <see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public async Task<WithdrawFilesResponse> WithdrawAsync(string group, IReadOnlyList<string> names, CancellationToken cancellationToken)
    {
        var response = await withdrawAtTracker(group, names, cancellationToken).ConfigureAwait(false);
        var withdrawn = names.Except(response.Failed.Select(failed => failed.Name), StringComparer.Ordinal).ToList();
        try
        {
            await RemoveAsync(response.GroupId, withdrawn).ConfigureAwait(false);
            return response;
        }
        catch (SqliteException e)
        {
            throw new P2PShareException(
                ErrorCode.StateFolderUnusable, $"{withdrawn.Count} files are not shared any more, but '{Path}' could not be written: {e.Message}", e);
        }
    }

    /// <summary>Adds a share, in place of any other under this name.</summary>
    /// <param name="received">Whether the file was received rather than shared by the user: no warning if it vanishes.</param>
    /// <returns>Completes when the share is committed.</returns>
    internal Task AddAsync(HashedFile file, GroupIdentity group, string name, bool received) => AddAsync([new Share(group, name, received, file)]);

    /// <summary>Adds shares together, each in place of any other under its name.</summary>
    /// <returns>Completes when they are committed.</returns>
    internal Task AddAsync(IReadOnlyList<Share> shares)
    {
        var rows = shares.Select(share => new
        {
            share.File.Path,
            share.File.Content.Size,
            Modified = share.File.Modified.UtcTicks,
            share.File.Identity?.Device,
            share.File.Identity?.File,
            share.File.Identity?.Changed,
            share.File.Content.PieceLength,
            PiecesRoot = share.File.Content.PiecesRoot?.ToArray(),
            PieceLayer = MemoryMarshal.AsBytes<Hash256>(share.File.PieceLayer.ToArray()).ToArray(),
            trackerId = _trackerId,
            userName = _userName,
            GroupId = share.Group.Id.ToString("D"),
            Group = share.Group.Name,
            share.Name,
            share.Received,
        }).ToList();
        return _database.WriteAsync((connection, transaction) =>
        {
            // One statement at a time, so that each is prepared once for all rows.
            connection.Execute(
                """
                INSERT INTO contents (path, size, modified, device, file_id, changed, piece_length, pieces_root, piece_layer)
                VALUES (@Path, @Size, @Modified, @Device, @File, @Changed, @PieceLength, @PiecesRoot, @PieceLayer)
                ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                    device = excluded.device, file_id = excluded.file_id, changed = excluded.changed, piece_length = excluded.piece_length, pieces_root = excluded.pieces_root, piece_layer = excluded.piece_layer
                """,
                rows,
                transaction);
            connection.Execute(
                """
                INSERT INTO shares (tracker_id, user_name, group_id, group_name, file_name, path, received)
                VALUES (@trackerId, @userName, @GroupId, @Group, @Name, @Path, @Received)
                ON CONFLICT (tracker_id, user_name, group_name, file_name) DO UPDATE SET
                    group_id = excluded.group_id, path = excluded.path, received = excluded.received
                """,
                rows,
                transaction);
        });
    }

    /// <summary>Keeps what a file that has the bytes that were hashed is now.</summary>
    /// <returns>Completes when it is committed.</returns>
    internal Task UpdateStampAsync(HashedFile file) => _database.WriteAsync(
        """
        UPDATE contents SET modified = @Modified, device = @Device, file_id = @File, changed = @Changed
        WHERE path = @Path AND pieces_root = @root
        """,
        new
        {
            file.Path,
            Modified = file.Modified.UtcTicks,
            file.Identity?.Device,
            file.Identity?.File,
            file.Identity?.Changed,
            root = file.Content.PiecesRoot?.ToArray(),
        });

    /// <inheritdoc cref="StateDatabase.WriteAsync(string, object)"/>
    internal Task RemoveAsync(GroupIdentity group, string name) => RemoveAsync(group.Id, [name]);

    // Only the contents of the removed shares are looked at: the cost does not grow with what else is shared.
    private Task RemoveAsync(Guid group, IReadOnlyList<string> names) => _database.WriteAsync((connection, transaction) =>
    {
        var paths = connection.Query<string>(
            """
            DELETE FROM shares WHERE tracker_id = @trackerId AND user_name = @userName AND group_id = @GroupId
                AND file_name IN (SELECT value FROM json_each(@Names)) RETURNING path
            """,
            new { trackerId = _trackerId, userName = _userName, GroupId = group.ToString("D"), Names = JsonSerializer.Serialize(names) },
            transaction);
        connection.Execute(
            """
            DELETE FROM contents WHERE path IN (SELECT value FROM json_each(@Paths))
                AND NOT EXISTS (SELECT 1 FROM shares WHERE shares.path = contents.path)
            """,
            new { Paths = JsonSerializer.Serialize(paths.Distinct()) },
            transaction);
    });

    internal IReadOnlyList<Share> GetAll()
    {
        var rows = _database.Read(connection => connection.Query<Row>(
            """
            SELECT s.group_id AS GroupId, s.group_name AS GroupName, s.file_name AS FileName, s.received AS Received, c.path AS Path, c.size AS Size,
                c.modified AS Modified, c.device AS Device, c.file_id AS FileId, c.changed AS Changed, c.piece_length AS PieceLength, c.pieces_root AS PiecesRoot, c.piece_layer AS PieceLayer
            FROM shares s JOIN contents c ON c.path = s.path
            WHERE s.tracker_id = @trackerId AND s.user_name = @userName AND s.group_id IS NOT NULL
            ORDER BY s.group_name, s.file_name
            """,
            new { trackerId = _trackerId, userName = _userName }));
        return [.. rows.Select(row => row.ToShare())];
    }

    /// <summary>Whether a share has not been removed or replaced since it was read.</summary>
    internal bool Contains(Share share) => _database.Read(connection => connection.ExecuteScalar<bool>(
        """
        SELECT EXISTS (SELECT 1 FROM shares
            WHERE tracker_id = @trackerId AND user_name = @userName AND group_id = @Group AND file_name = @Name AND path = @Path)
        """,
        new { trackerId = _trackerId, userName = _userName, Group = share.Group.Id.ToString("D"), share.Name, share.File.Path }));

    /// <summary>A file, and the name it is offered under in a group.</summary>
    internal sealed record Share(GroupIdentity Group, string Name, bool Received, HashedFile File);

    private sealed class Row
    {
        public required string GroupId { get; init; }

        public required string GroupName { get; init; }

        public required string FileName { get; init; }

        public required bool Received { get; init; }

        public required string Path { get; init; }

        public required long Size { get; init; }

        public required long Modified { get; init; }

        public required long? Device { get; init; }

        public required long? FileId { get; init; }

        public required long? Changed { get; init; }

        public required int PieceLength { get; init; }

        public required byte[]? PiecesRoot { get; init; }

        public required byte[] PieceLayer { get; init; }

        public Share ToShare()
        {
            Hash256? root = PiecesRoot is null ? null : new Hash256(PiecesRoot);
            var layer = MemoryMarshal.Cast<byte, Hash256>(PieceLayer).ToArray();
            var content = new ContentDescription(Size, PieceLength, root);
            FileIdentity? identity = FileId is { } file && Changed is { } changed ? new FileIdentity(Device ?? 0, file, changed) : null;
            return new Share(new GroupIdentity(Guid.Parse(GroupId), GroupName), FileName, Received, new HashedFile(Path, new DateTimeOffset(Modified, TimeSpan.Zero), content, layer, identity));
        }
    }
}
