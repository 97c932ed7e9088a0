using System.Net;
using System.Net.Http.Headers;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Text.Json;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;
using P2PShare.Protocol.Tracker;

namespace P2PShare.Transfer.Trackers;

/// <summary>
/// Messages with passwords (<see cref="LoginRequest"/>, <see cref="CreateUserRequest"/>, <see cref="ChangePasswordRequest"/>)
/// as JSON, written from SecureStrings without making strings of them; every copy is wiped.
/// </summary>
internal sealed class CredentialContent : HttpContent
{
    private readonly byte[] _json;

    private CredentialContent(string? userName, params ReadOnlySpan<(string Name, SecureString Value, bool IsNew)> passwords)
    {
        Headers.ContentType = new MediaTypeHeaderValue("application/json");
        // Six bytes a character at worst (\uXXXX), and the names around them.
        var size = 64 + (userName?.Length ?? 0) * 6;
        foreach (var (_, value, _) in passwords)
        {
            size += 64 + value.Length * 3 * 6;
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

                foreach (var (name, value, isNew) in passwords)
                {
                    Write(writer, name, value, isNew);
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

    /// <summary>As the password was typed: the tracker prepares it, and knows accounts whose password was not prepared.</summary>
    public static CredentialContent ForUser(string userName, SecureString password) => new(userName, ("password", password, false));

    /// <exception cref="P2PShareException"><see cref="ErrorCode.InvalidPassword"/>: <see cref="OpaqueString"/> refuses it.</exception>
    public static CredentialContent ForNewUser(string userName, SecureString password, SecureString? invitation) => invitation is null
        ? new(userName, ("password", password, true))
        : new(userName, ("password", password, true), ("invitation", invitation, false));

    /// <inheritdoc cref="ForNewUser" path="/exception"/>
    public static CredentialContent ForChange(SecureString current, SecureString next) =>
        new(userName: null, ("currentPassword", current, false), ("newPassword", next, true));

    private static void Write(Utf8JsonWriter writer, string name, SecureString value, bool isNew)
    {
        var characters = new char[value.Length];
        var unmanaged = Marshal.SecureStringToGlobalAllocUnicode(value);
        try
        {
            Marshal.Copy(unmanaged, characters, 0, characters.Length);
            if (isNew)
            {
                WritePrepared(writer, name, characters);
            }
            else
            {
                writer.WriteString(name, characters);
            }
        }
        finally
        {
            Marshal.ZeroFreeGlobalAllocUnicode(unmanaged);
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(characters.AsSpan()));
        }
    }

    private static void WritePrepared(Utf8JsonWriter writer, string name, ReadOnlySpan<char> password)
    {
        var prepared = new char[OpaqueString.MaxLength(password)];
        try
        {
            if (password.IsEmpty)
            {
                // The tracker says how long a password has to be.
                writer.WriteString(name, password);
            }
            else if (OpaqueString.TryPrepare(password, prepared, out var length) is { } problem)
            {
                throw new P2PShareException(ErrorCode.InvalidPassword, problem);
            }
            else
            {
                writer.WriteString(name, prepared.AsSpan(0, length));
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(prepared.AsSpan()));
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
