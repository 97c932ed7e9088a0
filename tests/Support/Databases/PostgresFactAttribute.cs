namespace P2PShare.Support;

/// <summary>A test of what only PostgreSQL does; skipped where that is not installed.</summary>
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresServer.Missing;
}
