namespace P2PShare.Shell.Commands;

/// <summary>The original client's commands, in the order in which help lists them.</summary>
internal static class CommandList
{
    public static IReadOnlyList<OriginalCommand> All { get; } =
    [
        new("create_user", ["user_id", OriginalCommand.Password], "create an account", "john a-long-password", "New-P2PUser"),
        new("login", ["user_id", OriginalCommand.Password], "log in and start the peer server", "john a-long-password", "Connect-P2PTracker"),
        new("logout", [], "log out", "", "Disconnect-P2PTracker"),
        new("create_group", ["group_id"], "create a group that you own", "dev", "New-P2PGroup"),
        new("join_group", ["group_id"], "ask the owner of a group to let you join", "dev", "Join-P2PGroup"),
        new("leave_group", ["group_id"], "leave a group", "dev", "Exit-P2PGroup"),
        new("list_requests", ["group_id"], "list the join requests of your group", "dev", "Get-P2PJoinRequest"),
        new("accept_request", ["group_id", "user_id"], "let a user into your group", "dev mary", "Approve-P2PJoinRequest"),
        new("list_groups", [], "list all groups and their owners", "", "Get-P2PGroup"),
        new("list_files", ["group_id"], "list a group's files", "dev", "Get-P2PFile"),
        new("upload_file", ["file_path", "group_id"], "share a file with a group", "./report.pdf dev", "Send-P2PFile"),
        new("download_file", ["group_id", "file_name", "destination_path"], "receive a file", "dev report.pdf ./received", "Receive-P2PFile"),
        new("show_downloads", [], "list your downloads: [D] downloading, [C] complete", "", "Get-P2PDownload"),
        new("stop_share", ["group_id", "file_name"], "stop sharing a file", "dev report.pdf", "Unpublish-P2PFile"),
        new("help", [], "list these commands; help <command> explains one", "", null),
        new("exit", [], "log out and end", "", null),
    ];

    /// <summary>The command that a line begins with; null if it is PowerShell.</summary>
    public static OriginalCommand? Of(string line)
    {
        var name = CommandLineWords.FirstWord(line);
        return All.FirstOrDefault(command => command.Name == name);
    }
}
