using System.Runtime.InteropServices;
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
        using var known = OpenKnown();
        return known.FindUnchanged(path);
    }

    /// <summary>Opens what is known of files, to look many up.</summary>
    /// <exception cref="P2PShareException"><see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public KnownContents OpenKnown() => new(_database);

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

    /// <summary>Adds shares together, each in place of any other under its name; without earlier versions, which would take the place of what has the name.</summary>
    /// <returns>Completes when they are committed.</returns>
    internal Task AddAsync(IReadOnlyList<Share> shares) => _database.WriteAsync(transaction =>
    {
        var insertContent = transaction.Prepare(
            """
            INSERT INTO contents (path, size, modified, device, file_id, changed, piece_length, pieces_root, piece_layer)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
                device = excluded.device, file_id = excluded.file_id, changed = excluded.changed, piece_length = excluded.piece_length, pieces_root = excluded.pieces_root, piece_layer = excluded.piece_layer
            """);
        var insertShare = transaction.Prepare(
            """
            INSERT INTO shares (tracker_id, user_name, group_id, group_name, file_name, path, received)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
            ON CONFLICT (tracker_id, user_name, group_name, file_name) DO UPDATE SET
                group_id = excluded.group_id, path = excluded.path, received = excluded.received
            """);
        foreach (var (group, name, received, file) in shares.Where(share => !share.IsEarlier))
        {
            var layer = MemoryMarshal.AsBytes<Hash256>(file.PieceLayer as Hash256[] ?? [.. file.PieceLayer]);
            insertContent.Bind(file.Path).Bind(file.Content.Size).Bind(file.Modified.UtcTicks)
                .Bind(file.Identity?.Device).Bind(file.Identity?.File).Bind(file.Identity?.Changed)
                .Bind(file.Content.PieceLength).Bind(file.Content.PiecesRoot).Bind(layer).Run();
            insertShare.Bind(_trackerId).Bind(_userName).Bind(group.Id.ToString("D")).Bind(group.Name).Bind(name).Bind(file.Path).Bind(received ? 1 : 0).Run();
        }
    });

    /// <summary>Keeps what a file that has the bytes that were hashed is now.</summary>
    /// <returns>Completes when it is committed.</returns>
    internal Task UpdateStampAsync(HashedFile file) => _database.WriteAsync(transaction => transaction.Prepare(
        "UPDATE contents SET modified = ?1, device = ?2, file_id = ?3, changed = ?4 WHERE path = ?5 AND pieces_root = ?6")
        .Bind(file.Modified.UtcTicks).Bind(file.Identity?.Device).Bind(file.Identity?.File).Bind(file.Identity?.Changed)
        .Bind(file.Path).Bind(file.Content.PiecesRoot).Run());

    /// <inheritdoc cref="StateDatabase.WriteAsync(string, object)"/>
    internal Task RemoveAsync(GroupIdentity group, string name) => RemoveAsync(group.Id, [name]);

    /// <summary>Removes shares of a group together. Only their own contents are looked at: the cost does not grow with what else is shared.</summary>
    /// <inheritdoc cref="StateDatabase.WriteAsync(string, object)" path="/returns"/>
    internal Task RemoveAsync(Guid group, IReadOnlyList<string> names) => _database.WriteAsync(transaction =>
    {
        var removeShare = transaction.Prepare("DELETE FROM shares WHERE group_id = ?1 AND file_name = ?2 AND tracker_id = ?3 AND user_name = ?4 RETURNING path");
        var removeContent = transaction.Prepare("DELETE FROM contents WHERE path = ?1 AND NOT EXISTS (SELECT 1 FROM shares WHERE shares.path = contents.path)");
        var groupId = group.ToString("D");
        foreach (var name in names)
        {
            foreach (var path in removeShare.Bind(groupId).Bind(name).Bind(_trackerId).Bind(_userName).Query(row => row.Text(0)))
            {
                removeContent.Bind(path).Run();
            }
        }
    });

    internal IReadOnlyList<Share> GetAll() => _database.Read(connection =>
    {
        // In the order in which they were added: in that of their names, which an index would be used for, each row and its content is in another page.
        using var select = new RowStatement(
            connection,
            """
            SELECT s.group_id, s.group_name, s.file_name, s.received,
                c.path, c.size, c.modified, c.device, c.file_id, c.changed, c.piece_length, c.pieces_root, c.piece_layer
            FROM shares s NOT INDEXED CROSS JOIN contents c ON c.path = s.path
            WHERE s.tracker_id = ?1 AND s.user_name = ?2 AND s.group_id IS NOT NULL
            ORDER BY s.rowid
            """);
        // Most shares of a group follow each other, and have it in common.
        GroupIdentity? last = null;
        return select.Bind(_trackerId).Bind(_userName).Query(row =>
        {
            var group = new GroupIdentity(Guid.Parse(row.Text(0)), row.Text(1));
            last = last == group && last.Name == group.Name ? last : group;
            return new Share(last, row.Text(2), row.Integer(3) != 0, ReadFile(row));
        });
    });

    /// <summary>Whether a share has not been removed or replaced since it was read.</summary>
    internal bool Contains(Share share) => _database.Read(connection => connection.ExecuteScalar<bool>(
        """
        SELECT EXISTS (SELECT 1 FROM shares
            WHERE tracker_id = @trackerId AND user_name = @userName AND group_id = @Group AND file_name = @Name AND path = @Path)
        """,
        new { trackerId = _trackerId, userName = _userName, Group = share.Group.Id.ToString("D"), share.Name, share.File.Path }));

    private static HashedFile ReadFile(StatementRow row)
    {
        var content = new ContentDescription(row.Integer(5), (int)row.Integer(10), row.NullableHash(11));
        FileIdentity? identity = row.NullableInteger(8) is { } file && row.NullableInteger(9) is { } changed
            ? new FileIdentity(row.NullableInteger(7) ?? 0, file, changed)
            : null;
        return new HashedFile(
            row.Text(4), new DateTimeOffset(row.Integer(6), TimeSpan.Zero), content, MemoryMarshal.Cast<byte, Hash256>(row.Bytes(12)).ToArray(), identity);
    }

    /// <summary>A file, and the name it is offered under in a group.</summary>
    internal sealed record Share(GroupIdentity Group, string Name, bool Received, HashedFile File)
    {
        /// <summary>Whether it is an earlier version of the name, which is not kept.</summary>
        public bool IsEarlier { get; init; }
    }
}
