using System.Collections;
using System.Collections.Immutable;

namespace P2PShare.Transfer.Sharing;

/// <summary>The names of an offered content, by group. Nearly every content has one, which takes no table. Immutable.</summary>
internal sealed class OfferedNames : IReadOnlyCollection<OfferedName>
{
    private static readonly ImmutableDictionary<string, OfferedName> NoneInGroup = ImmutableDictionary.Create<string, OfferedName>(StringComparer.Ordinal);

    private readonly OfferedName? _only;
    // If there are several.
    private readonly ImmutableDictionary<Guid, ImmutableDictionary<string, OfferedName>>? _byGroup;

    private OfferedNames(OfferedName? only, ImmutableDictionary<Guid, ImmutableDictionary<string, OfferedName>>? byGroup) => (_only, _byGroup) = (only, byGroup);

    public static OfferedNames None { get; } = new(null, null);

    public bool IsEmpty => _only is null && _byGroup is null;

    public int Count => _byGroup is null ? IsEmpty ? 0 : 1 : _byGroup.Values.Sum(names => names.Count);

    public bool IsIn(Guid group) => _byGroup?.ContainsKey(group) ?? _only?.Group.Id == group;

    /// <returns>Empty if there is none.</returns>
    public IEnumerable<OfferedName> In(Guid group) =>
        _byGroup is not null ? _byGroup.GetValueOrDefault(group, NoneInGroup).Values : _only is { } only && only.Group.Id == group ? [only] : [];

    /// <summary>With one more name. What the user shared does not become received, and what has the name no earlier version.</summary>
    public OfferedNames With(OfferedName name)
    {
        if (IsEmpty)
        {
            return new OfferedNames(name, null);
        }

        if (_only is { } only && only.Group.Id == name.Group.Id && only.Name == name.Name)
        {
            return new OfferedNames(Merge(name, only), null);
        }

        var byGroup = ByGroup();
        var names = byGroup.GetValueOrDefault(name.Group.Id, NoneInGroup);
        return new OfferedNames(null, byGroup.SetItem(name.Group.Id, names.SetItem(name.Name, Merge(name, names.GetValueOrDefault(name.Name)))));
    }

    /// <summary>Without all names of a group.</summary>
    public OfferedNames Without(Guid group) => IsIn(group) ? Of(ByGroup().Remove(group)) : this;

    /// <summary>Without one name.</summary>
    public OfferedNames Without(OfferedName name)
    {
        if (!IsIn(name.Group.Id))
        {
            return this;
        }

        var byGroup = ByGroup();
        var left = byGroup[name.Group.Id].Remove(name.Name);
        return Of(left.IsEmpty ? byGroup.Remove(name.Group.Id) : byGroup.SetItem(name.Group.Id, left));
    }

    public IEnumerator<OfferedName> GetEnumerator() =>
        (_byGroup is not null ? _byGroup.Values.SelectMany(names => names.Values) : _only is null ? [] : [_only]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static OfferedNames Of(ImmutableDictionary<Guid, ImmutableDictionary<string, OfferedName>> byGroup) =>
        byGroup.IsEmpty ? None
        : byGroup.Count == 1 && byGroup.Values.Single() is { Count: 1 } names ? new OfferedNames(names.Values.Single(), null)
        : new OfferedNames(null, byGroup);

    private static OfferedName Merge(OfferedName name, OfferedName? before) =>
        before is null ? name : name with { IsReceived = name.IsReceived && before.IsReceived, IsEarlier = name.IsEarlier && before.IsEarlier };

    private ImmutableDictionary<Guid, ImmutableDictionary<string, OfferedName>> ByGroup() => _byGroup
        ?? ImmutableDictionary<Guid, ImmutableDictionary<string, OfferedName>>.Empty.SetItem(_only!.Group.Id, NoneInGroup.Add(_only.Name, _only));
}
