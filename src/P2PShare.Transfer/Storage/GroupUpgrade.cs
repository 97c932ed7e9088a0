using Dapper;
using Microsoft.Data.Sqlite;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Storage;

/// <summary>Gives the shares and downloads that a version without group ids saved the id of the group that has their name now.</summary>
/// <param name="findGroup">The id of a group of the tracker; null if there is none of that name.</param>
internal sealed class GroupUpgrade(StateFolder state, TrackerAccount account, Func<string, CancellationToken, Task<Guid?>> findGroup)
{
    /// <summary>Asks the tracker once for each name; shares with a group that is gone are removed. Does nothing if no row lacks an id.</summary>
    /// <exception cref="P2PShareException">The tracker's, or <see cref="ErrorCode.StateFolderUnusable"/>.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var name in FindNames())
            {
                var id = await findGroup(name, cancellationToken).ConfigureAwait(false);
                await state.Database.WriteAsync(
                    id is null
                        ? $"DELETE FROM shares WHERE {Lacking}"
                        : $"UPDATE shares SET group_id = @id WHERE {Lacking}; UPDATE downloads SET group_id = @id WHERE {Lacking}",
                    Parameters(name, id)).ConfigureAwait(false);
            }
        }
        catch (SqliteException e)
        {
            throw state.Database.Unusable(e);
        }
    }

    private const string Lacking = "tracker_id = @trackerId AND user_name = @userName AND group_name = @name AND group_id IS NULL";

    private List<string> FindNames() => state.Database.Read(connection => connection.Query<string>(
        """
        SELECT group_name FROM shares INDEXED BY shares_by_group WHERE tracker_id = @trackerId AND user_name = @userName AND group_id IS NULL
        UNION SELECT group_name FROM downloads WHERE tracker_id = @trackerId AND user_name = @userName AND group_id IS NULL
        """,
        Parameters(null, null)).AsList());

    private object Parameters(string? name, Guid? id) =>
        new { trackerId = account.TrackerId.ToString("D"), userName = account.UserName, name, id = id?.ToString("D") };
}
