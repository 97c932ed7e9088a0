using System.Buffers;
using System.Runtime.ExceptionServices;
using Microsoft.Win32.SafeHandles;

namespace P2PShare.Transfer.Storage;

/// <summary>
/// Runs calls into the file system on threads of their own, and gives up on one that does not return: a network file system whose
/// server is gone may hold a call for ever. Safe for concurrent use.
/// </summary>
internal static class DiskCalls
{
    /// <summary>The longest that a file or folder may take to be opened.</summary>
    public static readonly TimeSpan OpenLimit = TimeSpan.FromSeconds(10);

    /// <summary>The longest that a read may take. A disk that has to start first, or has much to do, is slower than usual and not dead.</summary>
    public static readonly TimeSpan ReadLimit = TimeSpan.FromSeconds(30);

    // Bytes that are read by one call: what is copied is still in the processor's cache then.
    private const int MaxStep = 1024 * 1024;

    // Threads that wait for work; more are made when they are needed.
    private const int MaxIdle = 16;

    // One call may hang at a file that is damaged; more mean that the disk does not answer.
    private const int MaxOverdueOfDisk = 2;

    // Threads that are given up on. A thread cannot be ended from outside.
    private const int MaxOverdue = 64;

    private static readonly Lock Gate = new();
    private static readonly Stack<Worker> Idle = new();
    private static readonly Dictionary<string, int> OverdueByDisk = [];
    private static int _overdue;

    /// <summary>Runs a call.</summary>
    /// <param name="disk">What answers or does not answer as a whole. While two calls to it are overdue, others to it fail at once.</param>
    /// <exception cref="TimeoutException">It did not return in time; what it returns later is disposed.</exception>
    public static T Run<T>(string disk, TimeSpan limit, TimeProvider clock, Func<T> call)
    {
        Worker worker;
        lock (Gate)
        {
            if (OverdueByDisk.GetValueOrDefault(disk) >= MaxOverdueOfDisk || _overdue >= MaxOverdue)
            {
                throw new TimeoutException("The disk or its server does not answer.");
            }

            worker = Idle.TryPop(out var idle) ? idle : new Worker();
        }

        using var work = new Work<T>(disk, call);
        worker.Start(work);
        using var timer = clock.CreateTimer(_ => work.GiveUp(), null, limit, Timeout.InfiniteTimeSpan);
        return work.Wait(limit);
    }

    /// <summary>Fills a buffer from an open file; each MiB may take <see cref="ReadLimit"/>, as a slow disk is not a dead one.</summary>
    /// <exception cref="IOException">It cannot be read, or is too short.</exception>
    /// <exception cref="TimeoutException">The disk does not answer.</exception>
    public static void ReadExactly(string disk, SafeFileHandle handle, Span<byte> buffer, long offset, TimeProvider clock)
    {
        // Not the caller's memory: a read that is given up on may still end. Then it is not returned either.
        var read = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length, MaxStep));
        try
        {
            while (!buffer.IsEmpty)
            {
                var (at, step) = (offset, Math.Min(buffer.Length, MaxStep));
                Run(disk, ReadLimit, clock, () =>
                {
                    SafeFile.ReadExactly(handle, read.AsSpan(0, step), at);
                    return true;
                });
                read.AsSpan(0, step).CopyTo(buffer);
                buffer = buffer[step..];
                offset += step;
            }
        }
        catch (IOException)
        {
            ArrayPool<byte>.Shared.Return(read);
            throw;
        }

        ArrayPool<byte>.Shared.Return(read);
    }

    private static void AddOverdue(string disk, int count)
    {
        lock (Gate)
        {
            _overdue += count;
            if ((OverdueByDisk[disk] = OverdueByDisk.GetValueOrDefault(disk) + count) == 0)
            {
                OverdueByDisk.Remove(disk);
            }
        }
    }

    private interface IWork
    {
        void Run();
    }

    private sealed class Work<T>(string disk, Func<T> call) : IWork, IDisposable
    {
        private readonly Lock _lock = new();
        // A call takes longer than a wait may spin.
        private readonly ManualResetEventSlim _ended = new(initialState: false, spinCount: 0);
        private T? _result;
        private ExceptionDispatchInfo? _error;
        private bool _isFinished;
        private bool _isOverdue;

        public void Run()
        {
            T? result = default;
            ExceptionDispatchInfo? error = null;
            try
            {
                result = call();
            }
            catch (Exception e)
            {
                error = ExceptionDispatchInfo.Capture(e);
            }

            lock (_lock)
            {
                if (!_isOverdue)
                {
                    (_result, _error, _isFinished) = (result, error, true);
                    _ended.Set();
                    return;
                }
            }

            // Its caller does not wait any more.
            AddOverdue(disk, -1);
            (result as IDisposable)?.Dispose();
        }

        public void GiveUp()
        {
            lock (_lock)
            {
                if (_isFinished || _isOverdue)
                {
                    return;
                }

                _isOverdue = true;
                AddOverdue(disk, 1);
                _ended.Set();
            }
        }

        // Set is called under the lock that Wait takes last, and never after that.
        public void Dispose() => _ended.Dispose();

        public T Wait(TimeSpan limit)
        {
            _ended.Wait();
            lock (_lock)
            {
                if (_isOverdue)
                {
                    throw new TimeoutException($"The disk or its server did not answer within {limit.TotalSeconds:0} seconds.");
                }
            }

            _error?.Throw();
            return _result!;
        }
    }

    private sealed class Worker : IDisposable
    {
        private readonly AutoResetEvent _started = new(initialState: false);
        private IWork? _work;

        public Worker() => new Thread(Loop) { IsBackground = true, Name = "disk" }.Start();

        public void Start(IWork work)
        {
            _work = work;
            _started.Set();
        }

        public void Dispose() => _started.Dispose();

        private void Loop()
        {
            while (true)
            {
                _started.WaitOne();
                _work!.Run();
                _work = null;
                lock (Gate)
                {
                    if (Idle.Count >= MaxIdle)
                    {
                        Dispose();
                        return;
                    }

                    Idle.Push(this);
                }
            }
        }
    }
}
