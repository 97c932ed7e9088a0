// Types with wrong arrows of every kind, for FolderOrderTests.
#pragma warning disable IDE0130, CA1812, CA1822, CA1852, CA1859, CS0067, CS0169, CA1823, CA1802
namespace P2PShare.Unit.Architecture.Samples.Upper
{
    internal sealed class Engine
    {
        public const int Size = 3;

        public static int Count => 1;

        public static Task WaitAsync() => Task.CompletedTask;
    }

    internal interface IListener;

    [AttributeUsage(AttributeTargets.Class)]
    internal sealed class MarkAttribute : Attribute;

    internal sealed class Above
    {
        private readonly Lower.Signature? _fine;
    }
}

namespace P2PShare.Unit.Architecture.Samples.Lower
{
    internal sealed class Field
    {
        private readonly Upper.Engine? _engine;
    }

    internal sealed class Signature
    {
        public void Take(IReadOnlyList<Upper.Engine> engines)
        {
        }
    }

    internal sealed class Implementation : Upper.IListener;

    internal sealed class Body
    {
        public object Make() => new Upper.Engine();
    }

    internal sealed class AsyncBody
    {
        public async Task<int> RunAsync()
        {
            await Task.Yield();
            await Upper.Engine.WaitAsync();
            return 1;
        }
    }

    internal sealed class Lambda
    {
        public Func<int> Get(int more) => () => Upper.Engine.Count + more;
    }

    internal sealed class Iterator
    {
        public IEnumerable<int> List()
        {
            yield return Upper.Engine.Count;
        }
    }

    internal sealed class Outer
    {
        internal sealed class Nested
        {
            private readonly Upper.Engine? _engine;
        }
    }

    internal sealed class Generic
    {
        public object Make() => new List<Upper.Engine>();
    }

    internal sealed class Check
    {
        public bool Is(object it) => it is Upper.Engine;
    }

    internal sealed class Static
    {
        private static readonly Func<Task> Wait = Upper.Engine.WaitAsync;
    }

    [Upper.Mark]
    internal sealed class Marked;
}

namespace P2PShare.Unit.Architecture.Samples.Elsewhere
{
    internal sealed class Unlisted;
}
