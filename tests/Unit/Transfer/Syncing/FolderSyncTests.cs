using P2PShare.Protocol;
using P2PShare.Protocol.Content;
using P2PShare.Protocol.Tracker;
using P2PShare.Transfer.Hashing;
using P2PShare.Transfer.Storage;
using P2PShare.Transfer.Syncing;

namespace P2PShare.Unit.Transfer.Syncing;

public sealed class FolderSyncTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_missing_is_received_and_what_differs_is_replaced_in_the_order_of_the_names()
    {
        Make("b.txt", "another size");
        var sync = Compare(NewFile("c/d.txt"), NewFile("b.txt"), NewFile("a.txt"));

        Assert.Equal(
            [(SyncAction.Receive, "a.txt"), (SyncAction.Replace, "b.txt"), (SyncAction.Receive, "c/d.txt")],
            sync.ToReceive.Select(change => (change.Action, change.Name)));
        Assert.Empty(sync.ToHash);
        Assert.Empty(sync.Faults);
    }

    [Fact]
    public void A_download_overwrites_only_what_it_replaces_and_goes_to_the_files_place()
    {
        Make("b.txt", "another size");
        var file = NewFile("b.txt");
        var sync = Compare(file, NewFile("c/d.txt"));

        var (replace, receive) = (sync.ToReceive[0].Request!, sync.ToReceive[1].Request!);

        Assert.Equal((true, _folder.Combine("b.txt"), file.Content), (replace.Overwrite, replace.Destination, replace.Content));
        Assert.Equal((false, _folder.Combine("c", "d.txt"), "dev"), (receive.Overwrite, receive.Destination, receive.Group.Name));
    }

    [Fact]
    public void A_file_of_the_same_size_is_hashed_and_then_kept_or_replaced()
    {
        Make("same.txt", "abc");
        Make("other.txt", "abd");
        var sync = Compare(NewFile("same.txt", "abc"), NewFile("other.txt", "abc"));
        Assert.Equal(["other.txt", "same.txt"], sync.ToHash.Select(file => file.File.Name).Order());
        Assert.Empty(sync.ToReceive);

        foreach (var file in sync.ToHash)
        {
            sync.Judge(file, Hash(file.Path));
        }

        Assert.Equal("same.txt", Assert.Single(sync.Equal).Name);
        Assert.Equal((SyncAction.Replace, "other.txt"), (Assert.Single(sync.ToReceive).Action, sync.ToReceive[0].Name));
    }

    [Fact]
    public void A_file_that_is_known_to_be_the_same_is_neither_hashed_nor_received()
    {
        Make("a.txt", "abc");
        var file = NewFile("a.txt", "abc");

        var sync = new FolderSync(_folder.Path, "dev", [file], _ => file.Content);
        sync.Compare();

        Assert.Empty(sync.ToHash);
        Assert.Empty(sync.ToReceive);
        Assert.Empty(sync.Equal);
    }

    [Fact]
    public void Extra_files_are_those_that_are_covered_and_that_the_group_does_not_have()
    {
        Make("app/keep.txt");
        Make("app/old.txt");
        Make("app/half.txt.p2ppart");
        Make("own.txt");
        var sync = NewSync(NewFile("app/keep.txt"));

        var extra = Assert.Single(sync.FindExtra(name => name.StartsWith("app/", StringComparison.Ordinal)));

        Assert.Equal((SyncAction.Delete, "app/old.txt", 3L), (extra.Action, extra.Name, extra.Size));
        Assert.Null(extra.Request);
        sync.Delete(extra);
        Assert.False(File.Exists(extra.Path));
        Assert.True(File.Exists(_folder.Combine("app", "keep.txt")));
    }

    [Fact]
    public void A_file_in_the_place_of_a_folder_is_extra_and_gone_before_the_comparison()
    {
        Make("a");
        var sync = NewSync(NewFile("a/b.txt"));

        sync.Delete(Assert.Single(sync.FindExtra(_ => true)));
        sync.Compare();

        Assert.Equal("a/b.txt", Assert.Single(sync.ToReceive).Name);
    }

    [Fact]
    public void A_folder_in_the_place_of_a_file_is_a_fault_of_that_file_alone()
    {
        Make("a/inside.txt");

        var sync = Compare(NewFile("a"), NewFile("b"));

        var fault = Assert.Single(sync.Faults);
        Assert.Equal((_folder.Combine("a"), ErrorCode.DestinationInvalid), (fault.Target, fault.Fault.Code));
        Assert.Equal("b", Assert.Single(sync.ToReceive).Name);
    }

    [Fact]
    public void A_name_that_leads_out_of_the_folder_is_a_fault_and_nothing_is_written_there()
    {
        using var elsewhere = new TemporaryFolder();
        Directory.CreateSymbolicLink(_folder.Combine("link"), elsewhere.Path);

        var sync = Compare(NewFile("../up.txt"), NewFile("link/through.txt"), NewFile("ok.txt"));

        Assert.Equal(["../up.txt", "link/through.txt"], sync.Faults.Select(fault => fault.Target));
        Assert.Equal("ok.txt", Assert.Single(sync.ToReceive).Name);
    }

    [Fact]
    public void The_group_keeps_a_file_whose_name_cannot_be_written_here()
    {
        using var elsewhere = new TemporaryFolder();
        Directory.CreateSymbolicLink(_folder.Combine("link"), elsewhere.Path);
        Make("a.txt");
        var sync = NewSync(NewFile("a.txt"), NewFile("link/through.txt"));

        Assert.Empty(sync.FindExtra(_ => true));
        Assert.Single(sync.Faults);
    }

    [Fact]
    public void Two_names_that_are_one_path_on_this_system_are_a_fault_of_the_second()
    {
        var sync = Compare(NewFile("a.txt"), NewFile("a.txt"));

        Assert.Equal(ErrorCode.DestinationInvalid, Assert.Single(sync.Faults).Fault.Code);
        Assert.Single(sync.ToReceive);
    }

    [Fact]
    public void A_folder_that_does_not_exist_receives_everything()
    {
        var sync = new FolderSync(_folder.Combine("new"), "dev", [NewFile("a.txt")], _ => null);
        sync.Compare();

        Assert.Empty(sync.FindExtra(_ => true));
        Assert.Equal(SyncAction.Receive, Assert.Single(sync.ToReceive).Action);
    }

    [Fact]
    public void What_is_received_gets_the_attributes_of_its_entry()
    {
        var file = NewFile("a.txt") with { Modified = DateTimeOffset.UnixEpoch, Executable = true };
        var sync = NewSync(file);
        sync.Compare();

        Assert.Equal(file.Attributes, Assert.Single(sync.ToReceive).Request!.Attributes);
    }

    [Fact]
    public void Nothing_below_a_folder_that_cannot_be_read_is_taken_for_extra()
    {
        var deep = Path.Combine([_folder.Path, .. Enumerable.Repeat("d", 129)]);
        Directory.CreateDirectory(deep);
        File.WriteAllText(Path.Combine(deep, "deep.txt"), "");
        Make("extra.txt");
        var sync = NewSync(NewFile("a.txt"));

        Assert.Equal("extra.txt", Assert.Single(sync.FindExtra(_ => true)).Name);
        Assert.Equal((deep, ErrorCode.PathUnreadable), (Assert.Single(sync.Faults).Target, sync.Faults[0].Fault.Code));
    }

    [LinuxFact]
    public void A_file_in_a_folder_that_cannot_be_entered_is_a_fault_and_not_missing()
    {
        Make("closed/a.txt");
        UnixFile.SetMode(_folder.Path, "0755");
        UnixFile.SetMode(_folder.Combine("closed"), "0000");
        FolderSync? sync = null;

        UnixFile.AsOrdinaryUser(() => sync = Compare(NewFile("b.txt"), NewFile("closed/a.txt")));

        UnixFile.SetMode(_folder.Combine("closed"), "0700");
        Assert.Equal(("closed/a.txt", ErrorCode.PathUnreadable), (Assert.Single(sync!.Faults).Target, sync.Faults[0].Fault.Code));
        Assert.Equal("b.txt", Assert.Single(sync.ToReceive).Name);
    }

    private static FileResponse NewFile(string name, string text = "abc") =>
        new(TestIds.Of("dev"), "dev", name, text.Length, 65536, Root(text), "alice", 1, DateTimeOffset.UnixEpoch);

    private static HashedFile Hash(string path)
    {
        var text = File.ReadAllText(path);
        return new HashedFile(path, DateTimeOffset.UnixEpoch, new ContentDescription(text.Length, 65536, Root(text)), []);
    }

    private static Hash256 Root(string text) => Hash256.Compute(System.Text.Encoding.UTF8.GetBytes(text));

    private FolderSync NewSync(params FileResponse[] files) => new(_folder.Path, "dev", files, _ => null);

    private FolderSync Compare(params FileResponse[] files)
    {
        var sync = NewSync(files);
        sync.Compare();
        return sync;
    }

    private void Make(string name, string text = "abc")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.Combine(name))!);
        File.WriteAllText(_folder.Combine(name), text);
    }
}
