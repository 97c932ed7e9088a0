using System.Text.RegularExpressions;
using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnit;
using P2PShare.TrackerHost.Configuration;
using static ArchUnitNET.Fluent.ArchRuleDefinition;

namespace P2PShare.Unit.Architecture;

/// <summary>The folders of the tracker: a folder knows only those below it, and each table has one store that alone writes it.</summary>
public sealed partial class TrackerHostRules
{
    private const string Root = "P2PShare.TrackerHost";

    // From top to bottom.
    private static readonly string[] Folders =
    [
        "Hosting", "Commands", "Accounts", "Groups", "Peers", "Files", "Events", "Tickets", "Access", "Http", "Observability", "Certificates", "Storage", "Configuration",
    ];

    // The store of each table. Storage has the tables that belong to no feature.
    private static readonly Dictionary<string, string> Stores = new()
    {
        ["users"] = "Accounts/UserStore.cs",
        ["invitations"] = "Accounts/InvitationStore.cs",
        ["login_failures"] = "Accounts/LoginFailureStore.cs",
        ["groups"] = "Groups/GroupStore.cs",
        ["members"] = "Groups/MemberStore.cs",
        ["join_requests"] = "Groups/JoinRequestStore.cs",
        ["peers"] = "Peers/PeerStore.cs",
        ["holdings"] = "Peers/HoldingStore.cs",
        ["files"] = "Files/FileStore.cs",
        ["file_sharers"] = "Files/FileStore.cs",
        ["retired_contents"] = "Files/FileStore.cs",
        ["events"] = "Events/EventStore.cs",
        ["last_event"] = "Events/EventStore.cs",
        ["ticket_keys"] = "Tickets/TicketKeyStore.cs",
        ["revocations"] = "Tickets/RevocationStore.cs",
        ["sessions"] = "Access/SessionStore.cs",
        ["user_quota_counts"] = "Access/QuotaStore.cs",
        ["group_quota_counts"] = "Access/QuotaStore.cs",
        ["settings"] = "Storage/TrackerIdentity.cs",
        ["schema_version"] = "Storage/Migrations.cs",
    };

    private static readonly ArchUnitNET.Domain.Architecture Tracker = new ArchLoader().LoadAssemblies(typeof(StorageOptions).Assembly).Build();

    public static TheoryData<string> Names => [.. Folders];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_folder_knows_only_the_folders_below_it(string folder)
    {
        var above = Folders.TakeWhile(name => name != folder).ToList();
        if (above.Count > 0)
        {
            Types().That().ResideInNamespaceMatching(Pattern(folder)).Should()
                .NotDependOnAny(Types().That().ResideInNamespaceMatching(Pattern([.. above])))
                .Because($"{folder} is below {string.Join(", ", above)}")
                .Check(Tracker);
        }
    }

    [Fact]
    public void The_rule_finds_a_wrong_arrow_also_inside_an_async_lambda()
    {
        // AccountService knows PeerStore, and nothing else of Peers, in one lambda.
        var reversed = Types().That().HaveFullName($"{Root}.Accounts.AccountService").Should()
            .NotDependOnAny(Types().That().ResideInNamespaceMatching(Pattern("Peers"))).Because("it is the reverse of what holds");

        Assert.False(reversed.HasNoViolations(Tracker));
    }

    [Fact]
    public void Every_folder_has_a_place_in_the_list()
    {
        var namespaces = Tracker.Types.Select(type => type.Namespace.FullName).Where(name => name.StartsWith(Root + ".", StringComparison.Ordinal)).Distinct();

        Assert.Equal(Folders.Order(StringComparer.Ordinal), namespaces.Select(name => name[(Root.Length + 1)..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_table_is_written_by_its_store_alone()
    {
        var source = Path.Combine(TestShell.Repository(), "src", Root);
        var writes = Directory.GetFiles(source, "*.cs", SearchOption.AllDirectories)
            .Select(path => (File: Path.GetRelativePath(source, path).Replace('\\', '/'), Text: File.ReadAllText(path)))
            .Where(file => !file.File.StartsWith("obj/", StringComparison.Ordinal) && !file.File.StartsWith("bin/", StringComparison.Ordinal))
            .SelectMany(file => Write().Matches(file.Text).Select(match => (file.File, Table: match.Groups[1].Value)))
            .Distinct()
            .ToList();

        Assert.Empty(writes.Where(write => Stores.GetValueOrDefault(write.Table) != write.File).Select(write => $"{write.File} writes {write.Table}"));
        Assert.Equal(Stores.Keys.Order(StringComparer.Ordinal), writes.Select(write => write.Table).Distinct().Order(StringComparer.Ordinal));
    }

    private static string Pattern(params string[] folders) => $@"^P2PShare\.TrackerHost\.({string.Join('|', folders)})$";

    // A statement's keyword is written in capitals, and DO UPDATE SET belongs to an INSERT.
    [GeneratedRegex(@"\b(?:INSERT INTO|DELETE FROM|(?<!DO )UPDATE) (\w+)\b")]
    private static partial Regex Write();
}
