using System.Data.Common;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;
using P2PShare.TrackerHost.Accounts;
using P2PShare.TrackerHost.Events;
using P2PShare.TrackerHost.Groups;
using P2PShare.TrackerHost.Hosting;
using P2PShare.TrackerHost.Storage;

namespace P2PShare.TrackerHost.Files;

/// <summary>The rows of files, of who shares them, and of contents that were replaced.</summary>
internal sealed class FileStore(TrackerDatabase database, SourceCounts sources, TrackerOptions options, TimeProvider clock)
{
    private const string SelectFiles =
        """
        SELECT g.name AS GroupName, f.name AS Name, f.size AS Size, f.piece_length AS PieceLength, f.pieces_root AS PiecesRoot,
            (SELECT u.name FROM file_sharers s JOIN users u ON u.id = s.user_id WHERE s.file_id = f.id ORDER BY s.id LIMIT 1) AS Owner,
            f.shared AS Shared
        FROM files f JOIN groups g ON g.id = f.group_id
        """;

    /// <exception cref="P2PShareException"><see cref="ErrorCode.GroupNotFound"/> or <see cref="ErrorCode.NotMember"/>.</exception>
    public Task<IReadOnlyList<FileResponse>> ListAsync(CurrentUser user, string group, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<FileResponse>>(
            async connection =>
            {
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                var rows = await connection.QueryAsync<Row>(SelectFiles + " WHERE f.group_id = @GroupId", new { membership.GroupId });
                var counts = await sources.GetAsync(connection, membership.GroupId);
                // Sorted here, because databases sort text each in their own way.
                return [.. rows.Select(row => row.ToResponse(counts)).OrderBy(file => file.Name, StringComparer.Ordinal)];
            },
            cancellationToken);

    /// <returns>The file as it is now, and whether its name is new in the group.</returns>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.InvalidFileName"/>, <see cref="ErrorCode.InvalidContent"/>, <see cref="ErrorCode.GroupNotFound"/>,
    /// <see cref="ErrorCode.NotMember"/>, <see cref="ErrorCode.FileNameTaken"/> or <see cref="ErrorCode.NotSharer"/>.
    /// </exception>
    public Task<(FileResponse File, bool IsNew)> ShareAsync(CurrentUser user, string group, ShareFileRequest request, CancellationToken cancellationToken)
    {
        FileName.Check(request.Name);
        var content = new ContentDescription(request.Size, request.PieceLength, request.PiecesRoot);
        if (content.FindProblem() is { } problem)
        {
            throw new P2PShareException(ErrorCode.InvalidContent, problem);
        }

        return database.WriteAsync(
            async connection =>
            {
                var membership = await Membership.RequireMemberAsync(connection, group, user);
                var current = await FindAsync(connection, membership, request.Name);
                var isNew = current is null;
                if (current is not null && current.Content != content)
                {
                    await RetireAsync(connection, membership, current, user, request.Replace);
                    current = null;
                }

                var now = clock.GetUtcNow();
                var file = current?.Id ?? await AddAsync(connection, membership, request, now);
                var shares = await connection.ExecuteAsync(
                    "INSERT INTO file_sharers (file_id, user_id, shared) VALUES (@file, @User, @Now) ON CONFLICT (file_id, user_id) DO NOTHING",
                    new { file, User = user.Id, Now = now.ToUnixTimeSeconds() });
                if (shares == 1)
                {
                    await Quotas.AddShareAsync(connection, user.Id, options);
                }

                if (isNew)
                {
                    await Quotas.AddFileAsync(connection, membership.GroupId, membership.GroupName, options);
                }

                if (current is null)
                {
                    await EventStore.TellMembersAsync(connection, GroupEventKind.FileShared, membership.GroupId, user.Name, now, request.Name);
                }

                var row = await connection.QuerySingleAsync<Row>(SelectFiles + " WHERE f.id = @file", new { file });
                return (row.ToResponse(await sources.GetAsync(connection, membership.GroupId, row.PiecesRoot)), isNew);
            },
            cancellationToken);
    }

    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.GroupNotFound"/>, <see cref="ErrorCode.NotMember"/>, <see cref="ErrorCode.FileNotFound"/> or <see cref="ErrorCode.NotSharer"/>.
    /// </exception>
    public Task StopAsync(CurrentUser user, string group, string name, CancellationToken cancellationToken) => database.WriteAsync(
        async connection =>
        {
            var membership = await Membership.RequireMemberAsync(connection, group, user);
            var file = await FindAsync(connection, membership, name)
                ?? throw new P2PShareException(
                    ErrorCode.FileNotFound, $"There is no file called '{PrintableCharacter.Clean(name)}' in '{membership.GroupName}'. Names are case-sensitive.");
            if (await connection.ExecuteAsync("DELETE FROM file_sharers WHERE file_id = @Id AND user_id = @User", new { file.Id, User = user.Id }) == 0)
            {
                throw new P2PShareException(ErrorCode.NotSharer, $"You do not share '{name}' with '{membership.GroupName}': only who shares a file can stop it.");
            }

            var gone = await connection.ExecuteAsync(
                "DELETE FROM files WHERE id = @Id AND NOT EXISTS (SELECT 1 FROM file_sharers s WHERE s.file_id = files.id)", new { file.Id });
            if (gone == 1)
            {
                await EventStore.TellMembersAsync(
                    connection, GroupEventKind.FileRemoved, membership.GroupId, user.Name, clock.GetUtcNow(), name);
            }

            return true;
        },
        cancellationToken);

    /// <summary>Those of <paramref name="roots"/> that are contents of the group, replaced ones that may still be fetched included.</summary>
    public static async Task<HashSet<string>> FindRootsAsync(DbConnection connection, long group, IEnumerable<string> roots, DateTimeOffset now)
    {
        return [.. await connection.QueryAsync<string>(
            $"""
            SELECT pieces_root FROM files WHERE group_id = @group AND {connection.In("pieces_root", "@Roots")}
            UNION
            SELECT pieces_root FROM retired_contents WHERE group_id = @group AND expires > @Now AND {connection.In("pieces_root", "@Roots")}
            """,
            new { group, Roots = connection.List(roots), Now = now.ToUnixTimeSeconds() })];
    }

    private static Task<FileRow?> FindAsync(DbConnection connection, Membership membership, string name) =>
        connection.QuerySingleOrDefaultAsync<FileRow>(
            """
            SELECT id AS Id, size AS Size, piece_length AS PieceLength, pieces_root AS PiecesRoot
            FROM files WHERE group_id = @GroupId AND name = @name
            """,
            new { membership.GroupId, name });

    private static Task<long> AddAsync(DbConnection connection, Membership membership, ShareFileRequest request, DateTimeOffset now) =>
        connection.QuerySingleAsync<long>(
            """
            INSERT INTO files (group_id, name, size, piece_length, pieces_root, shared)
            VALUES (@GroupId, @Name, @Size, @PieceLength, @PiecesRoot, @Now) RETURNING id
            """,
            new { membership.GroupId, request.Name, request.Size, request.PieceLength, PiecesRoot = request.PiecesRoot?.ToString(), Now = now.ToUnixTimeSeconds() });

    private async Task RetireAsync(DbConnection connection, Membership membership, FileRow file, CurrentUser user, bool replace)
    {
        if (!replace)
        {
            throw new P2PShareException(
                ErrorCode.FileNameTaken,
                $"Another content has this name in '{membership.GroupName}': choose another name, or replace it, which whoever shares it can.");
        }

        var shares = await connection.ExecuteScalarAsync<long>(
            "SELECT COUNT(*) FROM file_sharers WHERE file_id = @Id AND user_id = @User", new { file.Id, User = user.Id });
        if (shares == 0)
        {
            throw new P2PShareException(
                ErrorCode.NotSharer, $"Another content has this name in '{membership.GroupName}', and only who shares it can replace it: choose another name.");
        }

        await connection.ExecuteAsync("DELETE FROM files WHERE id = @Id", new { file.Id });
        if (file.PiecesRoot is not null)
        {
            await connection.ExecuteAsync(
                """
                INSERT INTO retired_contents (group_id, pieces_root, expires) VALUES (@GroupId, @PiecesRoot, @Expires)
                ON CONFLICT (group_id, pieces_root) DO UPDATE SET expires = excluded.expires
                """,
                new { membership.GroupId, file.PiecesRoot, Expires = (clock.GetUtcNow() + options.ReplacedContentLifetime).ToUnixTimeSeconds() });
        }
    }

    private sealed record FileRow(long Id, long Size, long PieceLength, string? PiecesRoot)
    {
        public ContentDescription Content => new(Size, (int)PieceLength, PiecesRoot is null ? null : Hash256.Parse(PiecesRoot));
    }

    // Properties, not a constructor: of a result without rows SQLite cannot tell the types that a constructor is chosen by.
    private sealed class Row
    {
        public required string GroupName { get; init; }

        public required string Name { get; init; }

        public required long Size { get; init; }

        public required long PieceLength { get; init; }

        public required string? PiecesRoot { get; init; }

        public required string Owner { get; init; }

        public required long Shared { get; init; }

        /// <param name="sources">By content.</param>
        public FileResponse ToResponse(IReadOnlyDictionary<string, int> sources) => new(
            GroupName,
            Name,
            Size,
            (int)PieceLength,
            PiecesRoot is null ? null : Hash256.Parse(PiecesRoot),
            Owner,
            PiecesRoot is null ? 0 : sources.GetValueOrDefault(PiecesRoot),
            DateTimeOffset.FromUnixTimeSeconds(Shared));
    }
}
