using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// The names that this user stops sharing at this moment. The tracker may reject an announce of one before the peer has withdrawn it, which
/// is not news to the user. Safe for concurrent use.
/// </summary>
internal sealed class OwnWithdrawals
{
    private readonly Lock _lock = new();
    private readonly List<(string Group, string Name)> _names = [];

    /// <summary>Adds a name until the result is disposed.</summary>
    public IDisposable Begin(string group, string name)
    {
        var key = (AccountName.Key(group), name);
        lock (_lock)
        {
            _names.Add(key);
        }

        return new End(this, key);
    }

    public bool Contains(string group, string name)
    {
        lock (_lock)
        {
            return _names.Contains((AccountName.Key(group), name));
        }
    }

    private void Remove((string Group, string Name) key)
    {
        lock (_lock)
        {
            _names.Remove(key);
        }
    }

    private sealed class End(OwnWithdrawals owner, (string Group, string Name) key) : IDisposable
    {
        public void Dispose() => owner.Remove(key);
    }
}
