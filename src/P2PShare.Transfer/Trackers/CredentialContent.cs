using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Text.Json;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Messages with passwords (<see cref="LoginRequest"/>, <see cref="CreateUserRequest"/>, <see cref="ChangePasswordRequest"/>)
/// as JSON, written from SecureStrings without making strings of them; every copy is wiped.
/// </summary>
internal sealed class CredentialContent : HttpContent
{
    private readonly byte[] _json;

    private CredentialContent(string? userName, params ReadOnlySpan<(string Name, SecureString Value)> passwords)
    {
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
        // Six bytes a character at worst (\uXXXX), and the names around them.
        var size = 64 + (userName?.Length ?? 0) * 6;
        foreach (var (_, value) in passwords)
        {
            size += 64 + value.Length * 6;
        }

        using var buffer = new MemoryStream(new byte[size], 0, size, writable: true, publiclyVisible: true);
        try
        {
            using (var writer = new Utf8JsonWriter(buffer))
            {
                writer.WriteStartObject();
                if (userName is not null)
                {
                    writer.WriteString("userName", userName);
                }

                foreach (var (name, value) in passwords)
                {
                    Write(writer, name, value);
                }

                writer.WriteEndObject();
            }

            _json = buffer.GetBuffer().AsSpan(0, (int)buffer.Position).ToArray();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer.GetBuffer());
        }
    }

    public static CredentialContent ForUser(string userName, SecureString password) => new(userName, ("password", password));

    public static CredentialContent ForNewUser(string userName, SecureString password, SecureString? invitation) => invitation is null
        ? ForUser(userName, password)
        : new(userName, ("password", password), ("invitation", invitation));

    public static CredentialContent ForChange(SecureString current, SecureString next) =>
        new(userName: null, ("currentPassword", current), ("newPassword", next));

    private static void Write(Utf8JsonWriter writer, string name, SecureString value)
    {
        var characters = new char[value.Length];
        var unmanaged = Marshal.SecureStringToGlobalAllocUnicode(value);
        try
        {
            Marshal.Copy(unmanaged, characters, 0, characters.Length);
            writer.WriteString(name, characters);
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(unmanaged);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(characters.AsSpan()));
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        stream.WriteAsync(_json, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = _json.Length;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        CryptographicOperations.ZeroMemory(_json);
        base.Dispose(disposing);
    }
}
