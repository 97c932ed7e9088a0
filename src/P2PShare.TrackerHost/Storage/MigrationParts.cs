using System.Data.Common;
using Dapper;

namespace P2PShare.TrackerHost.Storage;

/// <summary>How far a migration is with the step that goes in parts (<see cref="MigrationScript.Table"/>).</summary>
internal sealed class MigrationParts(TimeProvider clock, Action<string> report)
{
    private long _number;
    // The id of the last row that was dealt with.
    private long _after;
    private long _begun;
    private TimeSpan _reported;

    /// <summary>False for a step that had no part.</summary>
    public bool HasReported => _reported >= TimeSpan.Zero;

    /// <summary>Runs the script for the next part of its table, in the transaction that is open; false if no row is left.</summary>
    public async Task<bool> ApplyNextAsync(DbConnection connection, MigrationScript script, string sql)
    {
        if (_number != script.Number)
        {
            (_number, _after, _begun, _reported) = (script.Number, 0, clock.GetTimestamp(), -Migrations.ReportInterval);
        }

        var after = _after;
        var last = await connection.ExecuteScalarAsync<long?>(
            $"SELECT MAX(id) FROM (SELECT id FROM {script.Table} WHERE id > @after ORDER BY id LIMIT @PartLength) part", new { after, script.PartLength });
        if (last is null)
        {
            return false;
        }

        // On a thread of its own: SQLite works on the caller's.
        await Task.Run(() => connection.ExecuteAsync(sql, new { after, last }, commandTimeout: Migrations.Unlimited), CancellationToken.None);
        _after = last.Value;
        return true;
    }

    /// <summary>Reports the step when it has begun, and then each <see cref="Migrations.ReportInterval"/>. To be called between two transactions.</summary>
    public void Report(string step)
    {
        var elapsed = clock.GetElapsedTime(_begun);
        if (elapsed - _reported >= Migrations.ReportInterval)
        {
            report(!HasReported ? step : $"{step} {elapsed.TotalSeconds:0} seconds so far.");
            _reported = elapsed;
        }
    }
}
