namespace P2PShare.Support;

/// <summary>A test of PostgreSQL alone; skipped if it is not installed.</summary>
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Missing;
}
