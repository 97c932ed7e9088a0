using P2PShare.Bench.Measuring;

namespace P2PShare.Bench.Transfer.Servers;

/// <summary>nginx that serves a folder over HTTPS with a certificate of its own.</summary>
internal sealed class NginxServer : IAsyncDisposable
{
    private readonly Child _process;

    private NginxServer(Child process, string url, string certificate)
    {
        _process = process;
        Url = url;
        Certificate = certificate;
    }

    public int Id => _process.Id;

    /// <summary>Of the folder, with a slash at the end.</summary>
    public string Url { get; }

    /// <summary>Path of the certificate that clients are to trust, in PEM.</summary>
    public string Certificate { get; }

    public static async Task<NginxServer> StartAsync(string content, string folder, CancellationToken cancellationToken)
    {
        var port = LoopbackPort.Free();
        var certificate = Path.Combine(folder, "certificate.pem");
        var key = Path.Combine(folder, "key.pem");
        await Child.RunAsync(
            InstalledProgram.Get("openssl"),
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ],
            cancellationToken);
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(
            configuration,
            $$"""
            {{(Environment.IsPrivilegedProcess ? "user root;" : "")}}
            daemon off;
            worker_processes auto;
            pid {{folder}}/pid;
            error_log stderr;
            events { worker_connections 256; }
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
                    listen 127.0.0.1:{{port}} ssl;
                    root {{content}};
                    ssl_certificate {{certificate}};
                    ssl_certificate_key {{key}};
                    ssl_protocols TLSv1.3;
                    # What P2PShare prefers too.
                    ssl_prefer_server_ciphers on;
                    ssl_conf_command Ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384;
                }
            }

            """,
            cancellationToken);
        var process = Child.Start(InstalledProgram.Get("nginx"), ["-p", folder, "-e", "stderr", "-c", configuration]);
        try
        {
            await process.WaitForPortAsync(port, cancellationToken);
            return new NginxServer(process, $"https://127.0.0.1:{port}/", certificate);
        }
        catch
        {
            await process.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
