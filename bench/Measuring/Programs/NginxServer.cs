using P2PShare.Bench.Measuring.Processes;

namespace P2PShare.Bench.Measuring.Programs;

/// <summary>nginx that serves a folder, over HTTP or over HTTPS with a certificate of its own.</summary>
internal sealed class NginxServer : IAsyncDisposable
{
    private NginxServer(Child process, string url, string certificate)
    {
        Process = process;
        Url = url;
        Certificate = certificate;
    }

    public Child Process { get; }

    /// <summary>Of the folder, with a slash at the end.</summary>
    public string Url { get; }

    /// <summary>Path of the certificate that clients are to trust, in PEM; there is none with HTTP.</summary>
    public string Certificate { get; }

    /// <param name="content">The folder that is served.</param>
    /// <param name="folder">For its own files.</param>
    public static async Task<NginxServer> StartAsync(
        Machine machine, int port, bool isEncrypted, string content, string folder, CancellationToken cancellationToken)
    {
        var certificate = Path.Combine(folder, "certificate.pem");
        var key = Path.Combine(folder, "key.pem");
        if (isEncrypted)
        {
            await Child.RunAsync(
                InstalledProgram.Get("openssl"),
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", $"subjectAltName=IP:{machine.Address}", "-keyout", key, "-out", certificate,
                ],
                cancellationToken);
        }

        // The ciphers are those that P2PShare prefers.
        var encryption = isEncrypted
            ? $"""
              ssl_certificate {certificate};
              ssl_certificate_key {key};
              ssl_protocols TLSv1.3;
              ssl_prefer_server_ciphers on;
              ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384;
              """
            : "";
        var configuration = Path.Combine(folder, "nginx.conf");
        var pid = Path.Combine(folder, "pid");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            daemon off;
            worker_processes auto;
            pid {{pid}};
            error_log stderr;
            events { worker_connections 1024; }
            http {
                access_log off;
                client_body_temp_path {{folder}}/body;
                proxy_temp_path {{folder}}/proxy;
                fastcgi_temp_path {{folder}}/fastcgi;
                uwsgi_temp_path {{folder}}/uwsgi;
                scgi_temp_path {{folder}}/scgi;
                keepalive_requests 1000000;
                sendfile on;
                server {
                    listen {{machine.Address}}:{{port}}{{(isEncrypted ? " ssl" : "")}};
                    root {{content}};
                    {{encryption}}
                }
            }

            """,
            cancellationToken);
        var process = machine.Start(InstalledProgram.Get("nginx"), ["-p", folder, "-e", "stderr", "-c", configuration]);
        try
        {
            // It writes this when it listens.
            await process.WaitForFileAsync(pid, cancellationToken);
            return new NginxServer(process, $"{(isEncrypted ? "https" : "http")}://{machine.Address}:{port}/", certificate);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    /// <summary>Lets it end its workers, which it alone can wait for.</summary>
    public async ValueTask DisposeAsync()
    {
        await Process.TerminateAsync();
        await Process.DisposeAsync();
    }
}
