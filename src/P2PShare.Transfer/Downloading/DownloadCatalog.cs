using Dapper;
using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Transfer.State;

namespace P2PShare.Transfer.Downloading;

/// <summary>A user's downloads at a tracker, as they are kept between shells.</summary>
internal sealed class DownloadCatalog(StateDatabase database, Guid trackerId, string userName)
{
    private readonly string _trackerId = trackerId.ToString("D");

    /// <inheritdoc cref="StateDatabase.WriteAsync"/>
    public Task AddAsync(Guid id, DownloadRequest request, DateTimeOffset created) =>
        database.WriteAsync(
            """
            INSERT INTO downloads (id, tracker_id, user_name, group_name, file_name, size, piece_length, pieces_root,
                destination, overwrite, state, bytes_verified, created)
            VALUES (@id, @trackerId, @userName, @Group, @Name, @Size, @PieceLength, @root, @Destination, @Overwrite, @state, 0, @created)
            """,
            new
            {
                id = id.ToString("D"),
                trackerId = _trackerId,
                userName,
                request.Group,
                request.Name,
                request.Content.Size,
                request.Content.PieceLength,
                root = request.Content.PiecesRoot?.ToArray(),
                request.Destination,
                request.Overwrite,
                state = nameof(DownloadState.Running),
                created = created.UtcTicks,
            });

    /// <inheritdoc cref="StateDatabase.WriteAsync"/>
    public Task UpdateAsync(Guid id, DownloadState state, P2PShareException? error, long bytesVerified) =>
        database.WriteAsync(
            "UPDATE downloads SET state = @state, error_code = @code, error_message = @message, bytes_verified = @bytesVerified WHERE id = @id",
            new { id = id.ToString("D"), state = state.ToString(), code = error?.Code, message = error?.Message, bytesVerified });

    /// <inheritdoc cref="StateDatabase.WriteAsync"/>
    public Task RemoveAsync(Guid id) => database.WriteAsync("DELETE FROM downloads WHERE id = @id", new { id = id.ToString("D") });

    public IReadOnlyList<Entry> GetAll()
    {
        using var connection = database.Open();
        var rows = connection.Query<Row>(
            """
            SELECT id AS Id, group_name AS GroupName, file_name AS FileName, size AS Size, piece_length AS PieceLength,
                pieces_root AS PiecesRoot, destination AS Destination, overwrite AS Overwrite, state AS State,
                error_code AS ErrorCode, error_message AS ErrorMessage, bytes_verified AS BytesVerified, created AS Created
            FROM downloads WHERE tracker_id = @trackerId AND user_name = @userName ORDER BY created
            """,
            new { trackerId = _trackerId, userName });
        return [.. rows.Select(row => row.ToEntry())];
    }

    public sealed record Entry(
        Guid Id, DownloadRequest Request, DownloadState State, P2PShareException? Error, long BytesVerified, DateTimeOffset Created);

    private sealed class Row
    {
        public required string Id { get; init; }

        public required string GroupName { get; init; }

        public required string FileName { get; init; }

        public required long Size { get; init; }

        public required int PieceLength { get; init; }

        public required byte[]? PiecesRoot { get; init; }

        public required string Destination { get; init; }

        public required bool Overwrite { get; init; }

        public required string State { get; init; }

        public required string? ErrorCode { get; init; }

        public required string? ErrorMessage { get; init; }

        public required long BytesVerified { get; init; }

        public required long Created { get; init; }

        public Entry ToEntry()
        {
            Hash256? root = PiecesRoot is null ? null : new Hash256(PiecesRoot);
            var request = new DownloadRequest(GroupName, FileName, new ContentDescription(Size, PieceLength, root), Destination, Overwrite);
            var error = ErrorCode is null ? null : new P2PShareException(ErrorCode, ErrorMessage ?? ErrorCode);
            return new Entry(
                Guid.Parse(Id), request, Enum.Parse<DownloadState>(State), error, BytesVerified, new DateTimeOffset(Created, TimeSpan.Zero));
        }
    }
}
