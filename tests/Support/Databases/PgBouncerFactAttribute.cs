namespace P2PShare.Support;

/// <summary>A test of PostgreSQL behind PgBouncer; skipped if one of them is not installed.</summary>
public sealed class PgBouncerFactAttribute : FactAttribute
{
    public PgBouncerFactAttribute() => Skip = PostgresServer.Missing ?? (Program is null ? "PgBouncer is not installed." : null);

    public static string? Program { get; } = ProgramPath.Find("pgbouncer", "/usr/sbin");
}
