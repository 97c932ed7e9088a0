namespace P2PShare.Unit.Architecture;

/// <summary>The rules find what they are there to find: each kind of use in <c>Samples</c> is a wrong arrow.</summary>
public sealed class FolderOrderTests
{
    private const string Room = "P2PShare.Unit.Architecture.Samples";

    private static readonly IReadOnlyList<string> Found = new FolderOrder(Room, "Upper", "Lower").FindWrongArrows(typeof(FolderOrderTests).Assembly);

    [Theory]
    [InlineData("Field")]
    [InlineData("Signature")]
    [InlineData("Implementation", "IListener")]
    [InlineData("Body")]
    [InlineData("AsyncBody")]
    [InlineData("Lambda")]
    [InlineData("Iterator")]
    [InlineData("Outer+Nested")]
    [InlineData("Generic")]
    [InlineData("Check")]
    [InlineData("Static")]
    [InlineData("Marked", "MarkAttribute")]
    public void An_arrow_upwards_is_found_in(string type, string used = "Engine") =>
        Assert.Contains($"Lower → Upper: {Room}.Lower.{type} uses {Room}.Upper.{used}", Found);

    [Fact]
    public void An_arrow_downwards_is_right() => Assert.DoesNotContain(Found, line => line.StartsWith("Upper → Lower", StringComparison.Ordinal));

    [Fact]
    public void A_folder_outside_the_order_is_found() =>
        Assert.Contains($"'Elsewhere' is not in the order: {Room}.Elsewhere.Unlisted", Found);

    [Fact]
    public void A_folder_without_types_is_found() =>
        Assert.Equal(["Gone"], new FolderOrder(Room, "Upper", "Gone", "Lower").FindEmptyFolders(typeof(FolderOrderTests).Assembly));
}
