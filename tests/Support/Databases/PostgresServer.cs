using System.Diagnostics;
using Dapper;
using Npgsql;

namespace P2PShare.Support;

/// <summary>
/// A PostgreSQL server of this test run's own, in a folder of its own, reached through a socket in that folder. A shell
/// holds it and reads from this process: at the end of that input, however this process ended, it stops the server and
/// deletes the folder.
/// </summary>
internal sealed class PostgresServer : IAsyncDisposable
{
    public const string Template = "tracker_template";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);
    private static readonly string? Programs = FindPrograms();

    // Nothing of a test outlives a power cut, so nothing is flushed.
    private const string Script = """
        set -e
        cd /
        read -r password
        folder=$(mktemp -d /tmp/p2pshare-postgres-XXXXXX)
        server=
        stop() { if [ -n "$server" ]; then kill -QUIT "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; server=; fi; }
        # Whoever ends the test run may end all of its group: not while this cleans up.
        trap 'trap "" HUP INT TERM; stop; rm -rf "$folder"' EXIT
        trap 'exit 1' HUP INT TERM
        start() {
            "$1/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c unix_socket_permissions=0777 -c max_connections=300 \
                -c fsync=off -c full_page_writes=off -c shared_buffers=64MB -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off \
                </dev/null >"$folder/log" 2>&1 &
            server=$!
            for i in $(seq 600); do
                if grep -q 'ready to accept connections' "$folder/log"; then echo "started $folder"; return; fi
                kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
                sleep 0.05
            done
            exit 1
        }
        "$1/initdb" -D "$folder/data" -U tracker -A scram-sha-256 --pwfile=/dev/stdin -E UTF8 --locale=C -N >/dev/null <<< "$password"
        chmod 755 "$folder"
        start "$1"
        while read -r line; do
            case $line in
                stop) stop; echo stopped ;;
                start) start "$1" ;;
            esac
        done
        """;

    private readonly Process _shell;
    private readonly string _password = Guid.NewGuid().ToString("N");
    private string _folder = "";

    private PostgresServer() => _shell = Process.Start(new ProcessStartInfo(
        Environment.IsPrivilegedProcess ? "setpriv" : "bash", Arguments())
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>Why the tests have no server; null if they have one.</summary>
    public static string? Missing => Programs is null
        ? "PostgreSQL is not installed: there is no initdb in the PATH and none in /usr/lib/postgresql/*/bin."
        : null;

    public string Password => _password;

    /// <summary>The folder that its socket is in: the host, for programs that connect.</summary>
    public string Folder => _folder;

    /// <summary>Where one of PostgreSQL's programs is; the PATH may lead to some of them only.</summary>
    public static string Program(string name)
    {
        var initdb = Path.Combine(Programs!, "initdb");
        return Path.Combine(Path.GetDirectoryName(File.ResolveLinkTarget(initdb, returnFinalTarget: true)?.FullName ?? initdb)!, name);
    }

    public static async Task<PostgresServer> StartAsync()
    {
        var server = new PostgresServer();
        await server._shell.StandardInput.WriteLineAsync(server._password);
        server._folder = (await server.ReadAsync("started"))["started ".Length..];
        AppDomain.CurrentDomain.ProcessExit += server.OnProcessExit;
        return server;
    }

    /// <summary>For a program that connects to a database of this server.</summary>
    public string ConnectionString(string database) =>
        $"Host={_folder};Database={database};Username=tracker;Password={_password};Maximum Pool Size=10";

    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(ConnectionString("postgres"));
        await connection.ExecuteAsync(sql, commandTimeout: 60);
    }

    /// <summary>Ends it at once, as a crash does; its data stay.</summary>
    public async Task StopAsync()
    {
        await _shell.StandardInput.WriteLineAsync("stop");
        await ReadAsync("stopped");
    }

    /// <summary>Starts it again after <see cref="StopAsync"/>.</summary>
    public async Task RestartAsync()
    {
        await _shell.StandardInput.WriteLineAsync("start");
        await ReadAsync("started");
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        EndInput();
        await _shell.WaitForExitAsync().WaitAsync(Deadline);
        _shell.Dispose();
    }

    private static string? FindPrograms()
    {
        var debian = Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").OrderDescending().Select(version => Path.Combine(version, "bin"))
            : [];
        return OperatingSystem.IsWindows() ? null : ProgramPath.Folders.Concat(debian).FirstOrDefault(folder => Exists(Path.Combine(folder, "initdb")) && Exists(Path.Combine(folder, "postgres")));
    }

    // A link that leads nowhere exists as a file, too.
    private static bool Exists(string path) => File.Exists(path) && File.ResolveLinkTarget(path, returnFinalTarget: true)?.Exists != false;

    // PostgreSQL refuses to run as root.
    private static string[] Arguments()
    {
        string[] script = ["-c", Script, "postgres", Programs!];
        return Environment.IsPrivilegedProcess ? ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "bash", .. script] : script;
    }

    private async Task<string> ReadAsync(string expected)
    {
        var line = await _shell.StandardOutput.ReadLineAsync().WaitAsync(Deadline);
        return line?.StartsWith(expected, StringComparison.Ordinal) == true ? line : throw new InvalidOperationException($"PostgreSQL printed '{line}'; '{expected}' was expected.");
    }

    private void OnProcessExit(object? sender, EventArgs e) => EndInput();

    private void EndInput()
    {
        try
        {
            _shell.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has ended already.
        }
    }
}
