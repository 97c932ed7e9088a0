using System.Diagnostics;
using Npgsql;

namespace P2PShare.Support;

/// <summary>A PgBouncer of one test in front of its PostgreSQL server, on a free loopback port.</summary>
internal sealed class PgBouncer : IAsyncDisposable
{
    private readonly TemporaryFolder _folder;
    private readonly Process _process;

    private PgBouncer(TemporaryFolder folder, Process process, string connectionString)
    {
        _folder = folder;
        _process = process;
        ConnectionString = connectionString;
    }

    /// <summary>Reaches the database through it.</summary>
    public string ConnectionString { get; }

    /// <param name="connectionString">Reaches the database itself.</param>
    /// <param name="mode">Its <c>pool_mode</c>.</param>
    public static async Task<PgBouncer> StartAsync(string connectionString, string mode)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        var folder = new TemporaryFolder();
        var port = LoopbackPort.FindFree();
        var users = folder.Combine("users.txt");
        var settings = folder.Combine("pgbouncer.ini");
        await File.WriteAllTextAsync(users, $"\"{server.Username}\" \"{server.Password}\"\n");
        await File.WriteAllTextAsync(settings, $"""
            [databases]
            * = host={server.Host} port={server.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {users}
            pool_mode = {mode}
            default_pool_size = 50
            """);
        if (!OperatingSystem.IsWindows())
        {
            // It refuses to run as root, so another user reads them.
            File.SetUnixFileMode(folder.Path, File.GetUnixFileMode(folder.Path) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        }

        string[] words = Environment.IsPrivilegedProcess
            ? ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", PgBouncerFactAttribute.Program!]
            : [PgBouncerFactAttribute.Program!];
        var process = Process.Start(new ProcessStartInfo(words[0], [.. words[1..], settings]) { RedirectStandardError = true })!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var through = new NpgsqlConnectionStringBuilder(connectionString) { Host = "127.0.0.1", Port = port }.ToString();
        var bouncer = new PgBouncer(folder, process, through);
        await Eventually.HoldsAsync(() => process.HasExited || Answers(through), "PgBouncer answers");
        Assert.False(process.HasExited, "PgBouncer has ended");
        return bouncer;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Dispose();
    }

    private static bool Answers(string connectionString)
    {
        try
        {
            using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
            connection.Open();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }
}
