using P2PShare.Protocol.Names;

namespace P2PShare.Transfer.Sharing;

/// <summary>
/// The names that this user stops sharing at this moment. The tracker may reject an announce of one before the peer has withdrawn it, which
/// is not news to the user. Safe for concurrent use.
/// </summary>
internal sealed class OwnWithdrawals
{
    private readonly Lock _lock = new();
    private readonly List<(string Group, HashSet<string>? Names)> _running = [];

    /// <summary>Adds names of a group until the result is disposed.</summary>
    /// <param name="names">Null: all.</param>
    public IDisposable Begin(string group, IEnumerable<string>? names)
    {
        var withdrawal = (AccountName.Key(group), names?.ToHashSet(StringComparer.Ordinal));
        lock (_lock)
        {
            _running.Add(withdrawal);
        }

        return new End(this, withdrawal);
    }

    public bool Contains(OfferedName name)
    {
        lock (_lock)
        {
            return _running.Exists(withdrawal => withdrawal.Group == AccountName.Key(name.Group.Name) && withdrawal.Names?.Contains(name.Name) != false);
        }
    }

    private void Remove((string Group, HashSet<string>? Names) withdrawal)
    {
        lock (_lock)
        {
            _running.Remove(withdrawal);
        }
    }

    private sealed class End(OwnWithdrawals owner, (string Group, HashSet<string>? Names) withdrawal) : IDisposable
    {
        public void Dispose() => owner.Remove(withdrawal);
    }
}
