using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Text.Json;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Tracker;

/// <summary>
/// User name and password as the JSON that <see cref="LoginRequest"/> and <see cref="CreateUserRequest"/> are, written
/// from a SecureString without making a string of it; every copy is wiped.
/// </summary>
internal sealed class CredentialContent : HttpContent
{
    private readonly byte[] _json;

    public CredentialContent(string userName, SecureString password)
    {
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var characters = new char[password.Length];
        var unmanaged = Marshal.SecureStringToGlobalAllocUnicode(password);
        try
        {
            Marshal.Copy(unmanaged, characters, 0, characters.Length);
            // Six bytes a character at worst (\uXXXX), and the names around them.
            using var buffer = new MemoryStream(new byte[characters.Length * 6 + userName.Length * 6 + 64], 0, characters.Length * 6 + userName.Length * 6 + 64, writable: true, publiclyVisible: true);
            using (var writer = new Utf8JsonWriter(buffer))
            {
                writer.WriteStartObject();
                writer.WriteString("userName", userName);
                writer.WriteString("password", characters);
                writer.WriteEndObject();
            }

            _json = buffer.GetBuffer().AsSpan(0, (int)buffer.Position).ToArray();
            CryptographicOperations.ZeroMemory(buffer.GetBuffer());
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
