using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using P2PShare.Protocol.Names;

namespace P2PShare.Protocol;

/// <summary>
/// A SHA-256 value: a pieces root (BEP 52), a fingerprint (of a certificate's public key), a hash of the tree.
/// Written as 64 lower-case hexadecimal digits wherever a person or JSON sees it.
/// </summary>
[JsonConverter(typeof(JsonHexConverter))]
public readonly struct Hash256 : IEquatable<Hash256>
{
    /// <summary>Length in bytes.</summary>
    public const int Size = 32;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    /// <param name="bytes">Exactly 32 bytes.</param>
    /// <exception cref="ArgumentException">Another length.</exception>
    public Hash256(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Size)
        {
            throw new ArgumentException($"A SHA-256 value has {Size} bytes, not {bytes.Length}.", nameof(bytes));
        }

        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        (_a, _b, _c, _d) = (words[0], words[1], words[2], words[3]);
    }

    public static Hash256 Compute(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Size];
        SHA256.HashData(data, hash);
        return new Hash256(hash);
    }

    /// <exception cref="FormatException">Not 64 hexadecimal digits.</exception>
    public static Hash256 Parse(string text) =>
        TryParse(text, out var hash) ? hash : throw new FormatException($"'{PrintableCharacter.Clean(text)}' is not a SHA-256 value: 64 hexadecimal digits were expected.");

    public static bool TryParse([NotNullWhen(true)] string? text, out Hash256 hash)
    {
        hash = default;
        if (text is null || text.Length != Size * 2)
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[Size];
        if (Convert.FromHexString(text, bytes, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        hash = new Hash256(bytes);
        return true;
    }

    /// <param name="destination">At least 32 bytes.</param>
    public void CopyTo(Span<byte> destination) => MemoryMarshal.Write(destination, in this);

    public byte[] ToArray()
    {
        var bytes = new byte[Size];
        CopyTo(bytes);
        return bytes;
    }

    public bool Equals(Hash256 other) => _a == other._a && _b == other._b && _c == other._c && _d == other._d;

    public override bool Equals(object? obj) => obj is Hash256 other && Equals(other);

    // The value is a hash already: any part of it is as good as all of it.
    public override int GetHashCode() => _a.GetHashCode();

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        CopyTo(bytes);
        return Convert.ToHexStringLower(bytes);
    }

    public static bool operator ==(Hash256 left, Hash256 right) => left.Equals(right);

    public static bool operator !=(Hash256 left, Hash256 right) => !left.Equals(right);

    internal sealed class JsonHexConverter : JsonConverter<Hash256>
    {
        public override Hash256 Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && TryRead(ref reader, out var hash)
                ? hash
                : throw new JsonException("64 hexadecimal digits were expected.");

        public override void Write(Utf8JsonWriter writer, Hash256 value, JsonSerializerOptions options)
        {
            Span<byte> bytes = stackalloc byte[Size];
            value.CopyTo(bytes);
            Span<byte> digits = stackalloc byte[Size * 2];
            Convert.TryToHexStringLower(bytes, digits, out _);
            writer.WriteStringValue(digits);
        }

        // Lists and announces have thousands: most are read where they are.
        private static bool TryRead(ref Utf8JsonReader reader, out Hash256 hash)
        {
            if (reader.HasValueSequence || reader.ValueIsEscaped || reader.ValueSpan.Length != Size * 2)
            {
                return TryParse(reader.GetString(), out hash);
            }

            Span<byte> bytes = stackalloc byte[Size];
            var isHex = Convert.FromHexString(reader.ValueSpan, bytes, out _, out _) == System.Buffers.OperationStatus.Done;
            hash = isHex ? new Hash256(bytes) : default;
            return isHex;
        }
    }
}
