using System.Text.RegularExpressions;

namespace P2PShare.Integration.Cmdlets;

/// <summary>The message of an error says what was wrong, the recommended action what helps: each says it once.</summary>
public sealed partial class ErrorTextTests : CmdletTest
{
    public static TheoryData<string, string, string> Errors => new()
    {
        { "GroupNotFound", "Get-P2PFile nowhere", "Get-P2PGroup" },
        { "GroupNameTaken", "New-P2PGroup dev", "Join-P2PGroup" },
        { "AlreadyMember", "Join-P2PGroup dev", "" },
        { "OwnerCannotLeave", "Exit-P2PGroup dev", "Set-P2PGroupOwner" },
        { "UserOwnsGroups", "Remove-P2PUser -Confirm:$false", "Remove-P2PGroup" },
        { "MemberNotFound", "Get-P2PGroupMember dev nobody", "Get-P2PGroupMember" },
        { "JoinRequestNotFound", "Get-P2PJoinRequest dev nobody", "Get-P2PJoinRequest" },
        { "PeerNotFound", "Get-P2PPeer dev nobody", "Get-P2PPeer" },
        { "FileNotFound", "Get-P2PFile dev missing", "Get-P2PFile" },
        { "FileNotFound", "Sync-P2PGroup dev $folder -Name missing", "Get-P2PFile" },
        { "FileNotFound", "Test-P2PFile $file dev", "Get-P2PFile" },
        { "FileNameTaken", "$null = Send-P2PFile $file dev; Send-P2PFile $other dev -Name file", "-Force" },
        { "DestinationExists", "$null = Send-P2PFile $file dev; Receive-P2PFile dev file -Destination $folder", "-Force" },
        { "DestinationInvalid", "Receive-P2PFile dev file -Destination $file", "-Destination" },
        { "PathNotFound", "Send-P2PFile $folder/missing dev", "-LiteralPath" },
        { "PathIsFolder", "Send-P2PFile $folder dev", "-Recurse" },
        { "InvalidFileName", "Send-P2PFile $file dev -Name 'a:b'", "-Name" },
        { "InvalidFileName", "Send-P2PFile $file, $other dev -Name one", "-Name" },
        { "DownloadNotFound", "Stop-P2PDownload missing", "Get-P2PDownload" },
        { "PeerServerNotRunning", "Set-P2PPeerServer -UploadLimit 1MB", "Start-P2PPeerServer" },
        { "PeerServerRunning", "$null = Start-P2PPeerServer; Start-P2PPeerServer", "Set-P2PPeerServer" },
        { "NotLoggedIn", "Disconnect-P2PTracker; Get-P2PGroup", "Connect-P2PTracker" },
        { "NotLoggedIn", "Disconnect-P2PTracker; Get-P2PGroup -Session $session", "Connect-P2PTracker" },
        { "NotLoggedIn", "Disconnect-P2PTracker; New-P2PUser -UserName carol -Password $password", "-Tracker" },
        { "WrongCredentials", "Connect-P2PTracker $tracker -UserName nobody -Password $password -StatePath $state", "New-P2PUser" },
        { "UserNameTaken", "New-P2PUser $tracker -UserName bob -Password $password -StatePath $state", "Connect-P2PTracker" },
        { "InvalidTrackerAddress", "Connect-P2PTracker -UserName alice -Password $password", "-Tracker" },
        { "InvalidFingerprint", "Connect-P2PTracker $tracker -UserName alice -Password $password -Fingerprint abc -StatePath $state", "Get-P2PTracker" },
        { "TrackerUnreachable", "Connect-P2PTracker 127.0.0.1:1 -UserName alice -Password $password -StatePath $state", "-TrackerInfo" },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void Advice_is_given_once_and_names_what_helps(string id, string script, string helps)
    {
        Assert.Equal(id, Alice.Fail(script, ("folder", Alice.Folder), ("file", Alice.MakeFile("file", 10)), ("other", Alice.MakeFile("other", 20))));

        var error = Alice.Errors[0];
        Assert.DoesNotMatch(CommandOrSwitch(), error.ErrorDetails.Message);
        Assert.Contains(helps, error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        // Five words in a row are the same sentence.
        Assert.Empty(Runs(error.ErrorDetails.Message).Intersect(Runs(error.ErrorDetails.RecommendedAction)));
    }

    private static IEnumerable<string> Runs(string text)
    {
        var words = Word().Matches(text.ToLowerInvariant()).Select(match => match.Value).ToArray();
        return Enumerable.Range(0, Math.Max(0, words.Length - 3)).Select(start => string.Join(' ', words[start..(start + 4)]));
    }

    [GeneratedRegex(@"\b[A-Z][a-z]+-P2P\w+|(^| )-[A-Z][A-Za-z]+\b")]
    private static partial Regex CommandOrSwitch();

    [GeneratedRegex(@"[\w'-]+")]
    private static partial Regex Word();
}
