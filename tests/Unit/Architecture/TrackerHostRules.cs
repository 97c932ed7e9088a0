using System.Text.RegularExpressions;
using P2PShare.TrackerHost.Configuration;

namespace P2PShare.Unit.Architecture;

/// <summary>The folders of the tracker: a folder knows only those below it, and each table has one store that alone writes it.</summary>
public sealed partial class TrackerHostRules
{
    private const string Root = "P2PShare.TrackerHost";

    private static readonly FolderOrder Order = new(
        Root, "Hosting", "Commands", "Accounts", "Groups", "Peers", "Files", "Events", "Tickets", "Access", "Http", "Observability", "Certificates", "Storage", "Configuration");

    // The store of each table. Storage has the tables that belong to no feature.
    private static readonly Dictionary<string, string> Stores = new()
    {
        ["users"] = "Accounts/UserStore.cs",
        ["removed_users"] = "Accounts/UserStore.cs",
        ["invitations"] = "Accounts/InvitationStore.cs",
        ["login_failures"] = "Accounts/LoginFailureStore.cs",
        ["login_networks"] = "Accounts/LoginNetworkStore.cs",
        ["all_groups"] = "Groups/GroupStore.cs",
        ["members"] = "Groups/MemberStore.cs",
        ["join_requests"] = "Groups/JoinRequestStore.cs",
        ["ended_memberships"] = "Groups/EndedMembershipStore.cs",
        ["peers"] = "Peers/PeerStore.cs",
        ["holdings"] = "Peers/HoldingStore.cs",
        ["lost_holdings"] = "Peers/LostHoldingStore.cs",
        ["files"] = "Files/FileStore.cs",
        ["file_versions"] = "Files/VersionStore.cs",
        ["file_changes"] = "Files/FileStore.cs",
        ["file_sharers"] = "Files/FileStore.cs",
        ["retired_contents"] = "Files/FileStore.cs",
        ["withdrawn_contents"] = "Files/FileStore.cs",
        ["events"] = "Events/EventStore.cs",
        ["ticket_keys"] = "Tickets/TicketKeyStore.cs",
        ["revocations"] = "Tickets/RevocationStore.cs",
        ["former_members"] = "Tickets/RevocationStore.cs",
        ["sessions"] = "Access/SessionStore.cs",
        ["user_quota_counts"] = "Access/QuotaStore.cs",
        ["group_quota_counts"] = "Access/QuotaStore.cs",
        ["operator_acts"] = "Observability/OperatorActStore.cs",
        ["last_number"] = "Storage/SequenceNumbers.cs",
        ["settings"] = "Storage/TrackerIdentity.cs",
        ["schema_version"] = "Storage/Migrations.cs",
    };

    [Fact]
    public void A_folder_uses_only_folders_below_it() => ViolationList.AssertEmpty(Order.FindWrongArrows(typeof(StorageOptions).Assembly));

    [Fact]
    public void Every_folder_of_the_order_has_types() => ViolationList.AssertEmpty(Order.FindEmptyFolders(typeof(StorageOptions).Assembly));

    [Fact]
    public void Every_table_is_written_by_its_store_alone()
    {
        var source = Repository.Combine("src", Root);
        var writes = Directory.GetFiles(source, "*.cs", SearchOption.AllDirectories)
            .Select(path => (File: Path.GetRelativePath(source, path).Replace('\\', '/'), Text: File.ReadAllText(path)))
            .Where(file => !file.File.StartsWith("obj/", StringComparison.Ordinal) && !file.File.StartsWith("bin/", StringComparison.Ordinal))
            .SelectMany(file => Write().Matches(file.Text).Select(match => (file.File, Table: match.Groups[1].Value)))
            .Distinct()
            .ToList();

        Assert.Empty(writes.Where(write => Stores.GetValueOrDefault(write.Table) != write.File).Select(write => $"{write.File} writes {write.Table}"));
        Assert.Equal(Stores.Keys.Order(StringComparer.Ordinal), writes.Select(write => write.Table).Distinct().Order(StringComparer.Ordinal));
    }

    // The view "groups" is what all others read: it has no group that was deleted.
    [Fact]
    public void Only_what_has_to_know_deleted_groups_reads_all_groups()
    {
        string[] readers = ["Access/QuotaStore.cs", "Events/EventStore.cs", "Groups/GroupStore.cs", "Tickets/RevocationStore.cs"];
        var source = Repository.Combine("src", Root);

        Assert.Equal(readers, Directory.GetFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(path => AllGroups().IsMatch(File.ReadAllText(path)))
            .Select(path => Path.GetRelativePath(source, path).Replace('\\', '/'))
            .Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"\ball_groups\b")]
    private static partial Regex AllGroups();

    // A statement's keyword is written in capitals, and DO UPDATE SET belongs to an INSERT.
    [GeneratedRegex(@"\b(?:INSERT INTO|DELETE FROM|(?<!DO |FOR )UPDATE) (\w+)\b")]
    private static partial Regex Write();
}
