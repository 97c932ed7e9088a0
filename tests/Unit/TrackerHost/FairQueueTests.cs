using P2PShare.TrackerHost.Http;

namespace P2PShare.Unit.TrackerHost;

public sealed class FairQueueTests
{
    [Fact]
    public void Keys_have_their_turns_in_a_round_however_much_each_has_waiting()
    {
        var queue = new FairQueue<string>(100, 100);
        Enqueue(queue, "a1", "a2", "a3", "a4", "b1", "a5", "c1", "b2");

        Assert.Equal(["a1", "b1", "c1", "a2", "b2", "a3", "a4", "a5"], TakeAll(queue));
    }

    [Fact]
    public void A_key_that_comes_later_waits_for_one_turn_of_each_other_key_at_most()
    {
        var queue = new FairQueue<string>(10_000, 10_000);
        Enqueue(queue, [.. Enumerable.Range(0, 5000).SelectMany(i => new[] { $"a{i}", $"b{i}" })]);
        Take(queue, 100);

        Enqueue(queue, "c1");

        Assert.Contains("c1", Take(queue, 3));
    }

    [Fact]
    public void Preferred_ones_come_first_and_the_others_after_every_fourth()
    {
        var queue = new FairQueue<string>(100, 100);
        Enqueue(queue, "a1", "a2");
        EnqueuePreferred(queue, "x1", "x2", "y1", "x3", "x4", "x5");

        Assert.Equal(["x1", "y1", "x2", "x3", "a1", "x4", "x5", "a2"], TakeAll(queue));
    }

    [Fact]
    public void An_item_comes_before_all_that_strangers_have_waiting_if_it_is_preferred()
    {
        var queue = new FairQueue<string>(1000, 1000);
        Enqueue(queue, [.. Enumerable.Range(0, 500).Select(i => $"{(char)('a' + (i % 20))}{i}")]);

        EnqueuePreferred(queue, "x1");

        Assert.Equal("x1", Take(queue, 1).Single());
    }

    [Fact]
    public void A_key_has_a_bound_and_others_have_theirs()
    {
        var queue = new FairQueue<string>(100, 2);
        Enqueue(queue, "a1", "a2");

        Assert.Null(queue.TryEnqueue("a", isPreferred: false, "a3", out _));
        Assert.Null(queue.TryEnqueue("a", isPreferred: true, "a4", out _));
        Enqueue(queue, "b1", "b2");

        Assert.Equal(["a1", "b1", "a2", "b2"], TakeAll(queue));
        Enqueue(queue, "a5", "a6");
    }

    [Fact]
    public void In_a_full_queue_the_newest_of_the_key_with_the_most_makes_room_for_a_key_with_fewer()
    {
        var queue = new FairQueue<string>(5, 5);
        Enqueue(queue, "a1", "b1", "a2", "a3", "b2");

        Assert.NotNull(queue.TryEnqueue("c", isPreferred: false, "c1", out var displaced));

        Assert.Equal("a3", displaced?.Item);
        Assert.Equal(["a1", "b1", "c1", "a2", "b2"], TakeAll(queue));
    }

    [Fact]
    public void In_a_full_queue_one_of_a_key_with_as_much_as_any_other_is_refused()
    {
        var queue = new FairQueue<string>(4, 4);
        Enqueue(queue, "a1", "b1", "a2", "b2");

        Assert.Null(queue.TryEnqueue("a", isPreferred: false, "a3", out var displaced));
        Assert.Null(displaced);
        Assert.NotNull(queue.TryEnqueue("c", isPreferred: false, "c1", out displaced));
        Assert.Equal("b2", displaced?.Item);
        // Two places of one against two of another: what came stays.
        Assert.Null(queue.TryEnqueue("c", isPreferred: false, "c2", out displaced));
        Assert.Equal(["a1", "b1", "c1", "a2"], TakeAll(queue));
    }

    // Others come as lower case, preferred items as upper case; the key is the letter.
    [Theory]
    [InlineData("a1 b1 c1 d1", "X1", "d1", "X1 a1 b1 c1")]
    [InlineData("a1 b1 b2 c1", "X1", "b2", "X1 a1 b1 c1")]
    [InlineData("X1 X2 a1 b1", "Y1", "X2", "X1 Y1 a1 b1")]
    [InlineData("X1 X2 a1 a2", "X3", "a2", "X1 X2 X3 a1")]
    [InlineData("a1 b1 c1 d1", "x1", null, "a1 b1 c1 d1")]
    [InlineData("X1 X2 a1 b1", "c1", null, "X1 X2 a1 b1")]
    [InlineData("X1 X2 X3 a1", "c1", "X3", "X1 X2 a1 c1")]
    [InlineData("X1 Y1 Z1 V1", "W1", null, "X1 Y1 Z1 V1")]
    [InlineData("X1 X2 X3 V1", "W1", "X3", "X1 V1 W1 X2")]
    [InlineData("X1 X2 X3 X4", "x5", null, "X1 X2 X3 X4")]
    [InlineData("X1 X2 X3 a1", "A2", "X3", "X1 A2 X2 a1")]
    public void In_a_full_queue_strangers_make_room_for_a_preferred_item_and_not_the_reverse(string waiting, string item, string? makesRoom, string served)
    {
        var queue = new FairQueue<string>(4, 4);
        Assert.All(waiting.Split(' '), one => Assert.NotNull(EnqueueByCase(one, out _)));

        var place = EnqueueByCase(item, out var displaced);

        Assert.Equal(makesRoom, displaced?.Item);
        Assert.Equal(makesRoom is null, place is null);
        Assert.Equal(served, string.Join(' ', TakeAll(queue)));

        FairQueue<string>.Place? EnqueueByCase(string one, out FairQueue<string>.Place? other) =>
            queue.TryEnqueue(one[..1].ToUpperInvariant(), char.IsUpper(one[0]), one, out other);
    }

    [Fact]
    public void What_is_removed_has_no_turn_and_makes_room()
    {
        var queue = new FairQueue<string>(2, 2);
        var first = queue.TryEnqueue("a", isPreferred: false, "a1", out _)!;
        var second = queue.TryEnqueue("a", isPreferred: true, "a2", out _)!;

        queue.Remove(first);
        queue.Remove(first);
        Enqueue(queue, "b1");

        Assert.Equal(["a2", "b1"], TakeAll(queue));
        queue.Remove(second);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Whatever_comes_and_goes_each_item_is_taken_once_or_displaced_or_removed()
    {
        var random = new Random(20_251_129);
        var queue = new FairQueue<int>(40, 15);
        var places = new Dictionary<int, FairQueue<int>.Place>();
        for (var i = 0; i < 20_000; i++)
        {
            switch (random.Next(5))
            {
                case < 3:
                    if (queue.TryEnqueue($"{random.Next(8)}", random.Next(3) == 0, i, out var displaced) is { } place)
                    {
                        places.Add(i, place);
                    }

                    if (displaced is not null)
                    {
                        Assert.True(places.Remove(displaced.Item));
                    }

                    break;
                case 3 when queue.TryDequeue(out var taken):
                    Assert.True(places.Remove(taken));
                    break;
                default:
                    if (places.Count > 0)
                    {
                        var one = places.ElementAt(random.Next(places.Count));
                        queue.Remove(one.Value);
                        places.Remove(one.Key);
                    }

                    break;
            }

            Assert.Equal(places.Count, queue.Count);
            Assert.InRange(queue.Count, 0, 40);
        }
    }

    // The first letter of an item is its key.
    private static void Enqueue(FairQueue<string> queue, params string[] items) =>
        Assert.All(items, item => Assert.NotNull(queue.TryEnqueue(item[..1], isPreferred: false, item, out _)));

    private static void EnqueuePreferred(FairQueue<string> queue, params string[] items) =>
        Assert.All(items, item => Assert.NotNull(queue.TryEnqueue(item[..1], isPreferred: true, item, out _)));

    private static List<string> TakeAll(FairQueue<string> queue) => Take(queue, queue.Count);

    private static List<string> Take(FairQueue<string> queue, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => queue.TryDequeue(out var item) ? item : throw new InvalidOperationException("It is empty."))];
}
