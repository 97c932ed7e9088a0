using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using P2PShare.Protocol;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.TrackerHost.Certificates;

/// <summary>
/// A certificate of the operator's: PEM (the certificate first, then its chain; the key there or in a file of its own) or
/// PFX. The content of the file decides which of the two it is.
/// </summary>
internal sealed record CertificateFile(Hash256 Digest, X509Certificate2 Certificate, X509Certificate2Collection Chain)
{
    private const string PemBegin = "-----BEGIN ";

    /// <summary>Reads the files that the options name.</summary>
    /// <exception cref="P2PShareException">
    /// <see cref="ErrorCode.PathUnreadable"/> or <see cref="ErrorCode.InvalidConfiguration"/>; the message says which file, and never a password.
    /// </exception>
    public static CertificateFile Read(CertificateOptions options)
    {
        var path = options.CertificatePath!;
        var file = ReadBytes(path, nameof(options.CertificatePath));
        var key = options.CertificateKeyPath is { } keyPath ? ReadBytes(keyPath, nameof(options.CertificateKeyPath)) : null;
        var password = options.CertificatePasswordFile is { } passwordPath
            ? FirstLine(ReadBytes(passwordPath, nameof(options.CertificatePasswordFile)))
            : options.CertificatePassword;
        var digest = Hash256.Compute([.. SHA256.HashData(file), .. SHA256.HashData(key ?? []), .. SHA256.HashData(Encoding.UTF8.GetBytes(password ?? ""))]);
        var text = Encoding.Latin1.GetString(file);
        try
        {
            return text.Contains(PemBegin, StringComparison.Ordinal)
                ? ReadPem(digest, text, key is null ? text : Encoding.Latin1.GetString(key), password)
                : ReadPfx(digest, file, password, options);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new P2PShareException(
                ErrorCode.InvalidConfiguration,
                $"The certificate '{path}' cannot be used: {e.Message.TrimEnd('.')}. A PEM file with the certificate, its chain and its private key (or that in {TrackerSettings.Section}:{nameof(options.CertificateKeyPath)}), or a PFX file was expected, with {TrackerSettings.Section}:{nameof(options.CertificatePasswordFile)} or {TrackerSettings.Section}:{nameof(options.CertificatePassword)} if the key is encrypted.",
                e);
        }
    }

    private static CertificateFile ReadPem(Hash256 digest, string text, string key, string? password)
    {
        var all = new X509Certificate2Collection();
        all.ImportFromPem(text);
        using var certificate = password is null ? X509Certificate2.CreateFromPem(text, key) : X509Certificate2.CreateFromEncryptedPem(text, key, password);
        all[0].Dispose();
        all.RemoveAt(0);
        // Windows serves a certificate whose key is in memory only if it was loaded from PKCS #12.
        return new CertificateFile(digest, X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null), all);
    }

    private static CertificateFile ReadPfx(Hash256 digest, byte[] file, string? password, CertificateOptions options)
    {
        if (options.CertificateKeyPath is not null)
        {
            throw new ArgumentException($"It is not a PEM file, but {TrackerSettings.Section}:{nameof(options.CertificateKeyPath)} is set");
        }

        var all = X509CertificateLoader.LoadPkcs12Collection(file, password);
        var certificate = all.FirstOrDefault(one => one.HasPrivateKey) ?? throw new ArgumentException("It has no private key");
        all.Remove(certificate);
        return new CertificateFile(digest, certificate, all);
    }

    private static byte[] ReadBytes(string path, string setting)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new P2PShareException(
                ErrorCode.PathUnreadable, $"{TrackerSettings.Section}:{setting} is '{path}', which cannot be read: {e.Message.TrimEnd('.')}.", e);
        }
    }

    private static string FirstLine(byte[] file)
    {
        using var reader = new StreamReader(new MemoryStream(file));
        return reader.ReadLine() ?? "";
    }
}
