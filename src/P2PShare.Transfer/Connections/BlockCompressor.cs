using System.Collections.Concurrent;
using P2PShare.Protocol.Wire;
using ZstdSharp;

namespace P2PShare.Transfer.Connections;

/// <summary>
/// Compresses blocks with Zstandard (RFC 8878) at its fastest level, and restores them. It keeps at most one compressor for each core: a block that finds
/// none free goes as it is. Safe for concurrent use.
/// </summary>
/// <param name="choice">Decides which blocks are worth it.</param>
internal sealed class BlockCompressor(CompressionChoice choice, TimeProvider clock) : IDisposable
{
    private const int Level = 1;

    private readonly ConcurrentBag<Compressor> _idle = [];
    private readonly ConcurrentBag<Decompressor> _idleDecompressors = [];
    private int _compressors;

    public CompressionChoice Choice => choice;

    /// <summary>Compresses a block, if it is worth it.</summary>
    /// <param name="packed">As long as the block.</param>
    /// <returns>Bytes of <paramref name="packed"/>; 0 if the block is to be sent as it is.</returns>
    public int TryPack(CompressionTrial trial, ReadOnlySpan<byte> plain, Span<byte> packed)
    {
        if (!_idle.TryTake(out var compressor))
        {
            if (Interlocked.Increment(ref _compressors) > Environment.ProcessorCount)
            {
                Interlocked.Decrement(ref _compressors);
                return 0;
            }

            compressor = new Compressor(Level);
        }

        var started = clock.GetTimestamp();
        // One byte less than the block: what does not shrink fails at once.
        var fits = compressor.TryWrap(plain, packed[..(plain.Length - 1)], out var length);
        _idle.Add(compressor);
        return choice.Report(trial, plain.Length, fits ? length : plain.Length, clock.GetElapsedTime(started)) ? length : 0;
    }

    /// <summary>Restores a block. Its length is known before: nothing is written beyond it, whatever the bytes claim.</summary>
    /// <exception cref="WireException">They are not what becomes as many bytes as announced.</exception>
    public void Unpack(ReadOnlySpan<byte> packed, Span<byte> plain)
    {
        if (!_idleDecompressors.TryTake(out var decompressor))
        {
            decompressor = new Decompressor();
        }

        try
        {
            if (!decompressor.TryUnwrap(packed, plain, out var length) || length != plain.Length)
            {
                throw new WireException($"A packed piece does not become the {plain.Length} bytes that were announced.");
            }
        }
        catch (ZstdException e)
        {
            throw new WireException($"A packed piece is damaged: {e.Message}");
        }
        finally
        {
            if (_idleDecompressors.Count < Environment.ProcessorCount)
            {
                _idleDecompressors.Add(decompressor);
            }
            else
            {
                decompressor.Dispose();
            }
        }
    }

    public void Dispose()
    {
        while (_idle.TryTake(out var compressor))
        {
            compressor.Dispose();
        }

        while (_idleDecompressors.TryTake(out var decompressor))
        {
            decompressor.Dispose();
        }
    }
}
