using System.Data.Common;
using Dapper;

namespace P2PShare.TrackerHost.Observability;

/// <summary>
/// The rows of what the operator did with commands. A command has no log of the tracker's to write to: a tracker of the database writes
/// its acts to the audit log within an announce interval of the act or of its start.
/// </summary>
internal static class OperatorActStore
{
    private const int MaxAtOnce = 1000;

    /// <param name="subject">The user or thing that the act is about.</param>
    public static Task AddAsync(DbConnection connection, AuditAct act, string subject) => connection.ExecuteAsync(
        "INSERT INTO operator_acts (act, account, subject) VALUES (@Act, @UserName, @subject)", new { Act = (long)act, Environment.UserName, subject });

    /// <summary>Takes the first ones.</summary>
    /// <returns>In their order, each with the account of the system that did it.</returns>
    public static async Task<IReadOnlyList<(AuditAct Act, string Account, string Subject)>> TakeAsync(DbConnection connection) =>
        [.. (await connection.QueryAsync<(long Id, long Act, string Account, string Subject)>(
                """
                DELETE FROM operator_acts WHERE id IN (SELECT id FROM operator_acts ORDER BY id LIMIT @MaxAtOnce)
                RETURNING id, act, account, subject
                """,
                new { MaxAtOnce }))
            .OrderBy(row => row.Id)
            .Select(row => ((AuditAct)row.Act, row.Account, row.Subject))];
}
