using System.Runtime.InteropServices;
using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.State;

namespace P2PShare.Transfer.Sharing;

/// <summary>What a user offers at a tracker, as it is kept between shells.</summary>
internal sealed class ShareCatalog(StateDatabase database, Guid trackerId, string userName)
{
    private readonly string _trackerId = trackerId.ToString("D");

    /// <summary>Adds a share, in place of any other under this name.</summary>
    /// <param name="received">Whether the file was received rather than shared by the user: it may vanish without a word.</param>
    /// <returns>Ends when it is kept.</returns>
    public Task AddAsync(HashedFile file, string group, string name, bool received) => database.WriteAsync(
        """
        INSERT INTO contents (path, size, modified, piece_length, pieces_root, piece_layer)
        VALUES (@Path, @Size, @Modified, @PieceLength, @PiecesRoot, @PieceLayer)
        ON CONFLICT (path) DO UPDATE SET size = excluded.size, modified = excluded.modified,
            piece_length = excluded.piece_length, pieces_root = excluded.pieces_root, piece_layer = excluded.piece_layer;
        INSERT INTO shares (tracker_id, user_name, group_name, file_name, path, received)
        VALUES (@trackerId, @userName, @group, @name, @Path, @received)
        ON CONFLICT (tracker_id, user_name, group_name, file_name) DO UPDATE SET path = excluded.path, received = excluded.received;
        """,
        new
        {
            file.Path,
            file.Content.Size,
            Modified = file.Modified.UtcTicks,
            file.Content.PieceLength,
            PiecesRoot = file.Content.PiecesRoot?.ToArray(),
            PieceLayer = MemoryMarshal.AsBytes<Hash256>(file.PieceLayer.ToArray()).ToArray(),
            trackerId = _trackerId,
            userName,
            group,
            name,
            received,
        });

    /// <returns>Ends when it is forgotten.</returns>
    public Task RemoveAsync(string group, string name) => database.WriteAsync(
        """
        DELETE FROM shares WHERE tracker_id = @trackerId AND user_name = @userName AND group_name = @group AND file_name = @name;
        DELETE FROM contents WHERE NOT EXISTS (SELECT 1 FROM shares WHERE shares.path = contents.path);
        """,
        new { trackerId = _trackerId, userName, group, name });

    public IReadOnlyList<Share> GetAll()
    {
        using var connection = database.Open();
        var rows = connection.Query<Row>(
            """
            SELECT s.group_name AS GroupName, s.file_name AS FileName, s.received AS Received, c.path AS Path, c.size AS Size,
                c.modified AS Modified, c.piece_length AS PieceLength, c.pieces_root AS PiecesRoot, c.piece_layer AS PieceLayer
            FROM shares s JOIN contents c ON c.path = s.path
            WHERE s.tracker_id = @trackerId AND s.user_name = @userName
            ORDER BY s.group_name, s.file_name
            """,
            new { trackerId = _trackerId, userName });
        return [.. rows.Select(row => row.ToShare())];
    }

    /// <summary>A file, and the name it is offered under in a group.</summary>
    public sealed record Share(string Group, string Name, bool Received, HashedFile File);

    private sealed class Row
    {
        public required string GroupName { get; init; }

        public required string FileName { get; init; }

        public required bool Received { get; init; }

        public required string Path { get; init; }

        public required long Size { get; init; }

        public required long Modified { get; init; }

        public required int PieceLength { get; init; }

        public required byte[]? PiecesRoot { get; init; }

        public required byte[] PieceLayer { get; init; }

        public Share ToShare()
        {
            Hash256? root = PiecesRoot is null ? null : new Hash256(PiecesRoot);
            var layer = MemoryMarshal.Cast<byte, Hash256>(PieceLayer).ToArray();
            var content = new ContentDescription(Size, PieceLength, root);
            return new Share(GroupName, FileName, Received, new HashedFile(Path, new DateTimeOffset(Modified, TimeSpan.Zero), content, layer));
        }
    }
}
