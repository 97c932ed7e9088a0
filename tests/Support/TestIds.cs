using System.Text;
using P2PShare.Protocol;
using P2PShare.Protocol.Names;

namespace P2PShare.Support;

/// <summary>Ids for tests without a tracker: of one name always the same, however its case is.</summary>
internal static class TestIds
{
    public static Guid Of(string name) => new(Hash256.Compute(Encoding.UTF8.GetBytes(AccountName.Key(name))).ToArray().AsSpan(0, 16), bigEndian: true);

    public static GroupIdentity Group(string name) => new(Of(name), name);
}
