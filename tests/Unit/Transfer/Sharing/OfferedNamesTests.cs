using P2PShare.Protocol.Names;
using P2PShare.Transfer.Sharing;

namespace P2PShare.Unit.Transfer.Sharing;

public sealed class OfferedNamesTests
{
    private static readonly GroupIdentity[] Groups = [TestIds.Group("dev"), TestIds.Group("ops"), TestIds.Group("web")];

    [Fact]
    public void Names_that_are_added_and_removed_in_any_order_are_those_of_a_plain_set()
    {
        var random = new Random(1);
        for (var round = 0; round < 50; round++)
        {
            var names = OfferedNames.None;
            var expected = new Dictionary<(Guid, string), OfferedName>();
            for (var step = 0; step < 60; step++)
            {
                var name = new OfferedName(Groups[random.Next(Groups.Length)], random.Next(3).ToString(), IsReceived: random.Next(2) == 0);
                var key = (name.Group.Id, name.Name);
                switch (random.Next(5))
                {
                    case 0:
                        names = names.Without(name.Group.Id);
                        expected.Keys.Where(one => one.Item1 == name.Group.Id).ToList().ForEach(one => expected.Remove(one));
                        break;
                    case 1 or 2:
                        names = names.Without(name);
                        expected.Remove(key);
                        break;
                    default:
                        names = names.With(name);
                        expected[key] = name with { IsReceived = name.IsReceived && expected.GetValueOrDefault(key)?.IsReceived != false };
                        break;
                }

                Assert.Equal((expected.Count, expected.Count == 0), (names.Count, names.IsEmpty));
                Assert.Equal(expected.Values.ToHashSet(), names.ToHashSet());
                Assert.All(Groups, group =>
                {
                    var there = expected.Values.Where(one => one.Group == group).ToHashSet();
                    Assert.Equal(there, names.In(group.Id).ToHashSet());
                    Assert.Equal(there.Count > 0, names.IsIn(group.Id));
                });
            }
        }
    }
}
