using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Faults as error records of PowerShell. The code is the error id; the message says what was wrong and what was expected, and the
/// recommended action, which stands only here, which command or parameter helps.
/// </summary>
internal static class Faults
{
    // An empty advice: the message says all there is to do.
    private static readonly Dictionary<string, (ErrorCategory Category, string Advice)> Table = new()
    {
        [ErrorCode.InvalidUserName] = (ErrorCategory.InvalidArgument, ""),
        [ErrorCode.InvalidGroupName] = (ErrorCategory.InvalidArgument, ""),
        [ErrorCode.InvalidFileName] = (ErrorCategory.InvalidArgument, "-Name gives a file another name in the group."),
        [ErrorCode.InvalidPassword] = (ErrorCategory.InvalidArgument, "Choose another password."),
        [ErrorCode.InvalidContent] = (ErrorCategory.InvalidData, "Share the file again."),
        [ErrorCode.InvalidRequest] = (ErrorCategory.InvalidArgument, "Use the same version of P2PShare as the tracker."),
        [ErrorCode.PageSizeMissing] = (ErrorCategory.InvalidArgument, "Use the same version of P2PShare as the tracker."),
        [ErrorCode.InvalidTrackerAddress] = (ErrorCategory.InvalidArgument, "-Tracker takes the address of one tracker, -TrackerInfo a file of several."),
        [ErrorCode.InvalidTrackerInfo] = (ErrorCategory.InvalidData, "-TrackerInfo takes the file that the trackers themselves use."),
        [ErrorCode.InvalidFingerprint] = (ErrorCategory.InvalidArgument, "Get-P2PTracker shows the fingerprint of a tracker that this shell runs."),
        [ErrorCode.InvalidConfiguration] = (ErrorCategory.InvalidArgument, "Correct the setting that is named."),

        [ErrorCode.UserNameTaken] = (ErrorCategory.ResourceExists, "Connect-P2PTracker logs in with an account that exists."),
        [ErrorCode.WrongCredentials] = (ErrorCategory.AuthenticationError, "Check the user name and the password; New-P2PUser makes an account."),
        [ErrorCode.TooManyAttempts] = (ErrorCategory.LimitsExceeded, ""),
        [ErrorCode.NotLoggedIn] = (ErrorCategory.AuthenticationError, "Connect-P2PTracker logs in; -Session names another session, and -Tracker of New-P2PUser a tracker."),
        [ErrorCode.UserOwnsGroups] = (ErrorCategory.InvalidOperation, "Set-P2PGroupOwner hands a group over; Remove-P2PGroup deletes it."),

        [ErrorCode.InvalidInvitation] = (ErrorCategory.PermissionDenied, "-Invitation of New-P2PUser takes an invitation from the tracker's operator."),
        [ErrorCode.RegistrationClosed] = (ErrorCategory.PermissionDenied, "Connect-P2PTracker logs in with the account that the operator makes."),
        [ErrorCode.QuotaExceeded] = (ErrorCategory.QuotaExceeded, "Unpublish-P2PFile, Exit-P2PGroup and Remove-P2PGroup make room."),

        [ErrorCode.GroupNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PGroup lists the groups."),
        [ErrorCode.VersionNotSupported] = (ErrorCategory.ConnectionError, ""),
        [ErrorCode.GroupNameTaken] = (ErrorCategory.ResourceExists, "Join-P2PGroup asks to join a group that exists."),
        [ErrorCode.AlreadyMember] = (ErrorCategory.ResourceExists, "Nothing is left to do."),
        [ErrorCode.NotMember] = (ErrorCategory.PermissionDenied, "Join-P2PGroup asks the group's owner for membership."),
        [ErrorCode.NotOwner] = (ErrorCategory.PermissionDenied, "Get-P2PGroup shows the group's owner."),
        [ErrorCode.RoleTooLow] = (ErrorCategory.PermissionDenied, "Get-P2PGroupMember shows who owns and manages the group; Set-P2PGroupMember gives a role."),
        [ErrorCode.UserNotFound] = (ErrorCategory.ObjectNotFound, "New-P2PUser makes an account."),
        [ErrorCode.OwnerCannotLeave] = (ErrorCategory.InvalidOperation, "Set-P2PGroupOwner hands the group over first; Remove-P2PGroup deletes it."),
        [ErrorCode.MemberNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PGroupMember lists the members."),
        [ErrorCode.JoinRequestNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PJoinRequest lists the requests."),

        [ErrorCode.FileNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PFile lists the files of a group."),
        [ErrorCode.FileNameTaken] = (ErrorCategory.ResourceExists, "-Name of Send-P2PFile gives the file another name; -Force replaces a file that you share."),
        [ErrorCode.NotSharer] = (ErrorCategory.PermissionDenied, "Get-P2PFile shows who shared the file."),

        [ErrorCode.TrackerHostUnknown] = (ErrorCategory.ConnectionError, "-Tracker takes host:port, -TrackerInfo a file of several trackers."),
        [ErrorCode.TrackerUnreachable] = (ErrorCategory.ConnectionError, "-TrackerInfo names several trackers; if one does not answer, the next is used. -Proxy names a proxy, or none."),
        [ErrorCode.TrackerCertificateUntrusted] = (ErrorCategory.SecurityError, "If that is the fingerprint that the tracker printed when it started, connect with it as -Fingerprint, or with -TrustOnFirstUse."),
        [ErrorCode.TrackerCertificateChanged] = (ErrorCategory.SecurityError, "If the operator confirms the change, Remove-P2PTrackerFingerprint forgets the old fingerprint; Connect-P2PTracker -Fingerprint replaces it with the one that you give."),
        [ErrorCode.TrackerFingerprintNotFound] = (ErrorCategory.ObjectNotFound, "-StatePath names the state folder that Connect-P2PTracker used."),
        [ErrorCode.TrackerFailed] = (ErrorCategory.InvalidResult, "Receive-Job shows the log of a tracker that this shell runs."),
        [ErrorCode.TrackerDatabaseUnavailable] = (ErrorCategory.ResourceUnavailable, "Try again in some seconds; if the error persists, inform the tracker's operator."),
        [ErrorCode.TrackerDatabaseBusy] = (ErrorCategory.ResourceBusy, "Try again in some seconds; if the error persists, inform the tracker's operator."),
        [ErrorCode.TrackerStorageFull] = (ErrorCategory.ResourceUnavailable, "Lists and downloads work meanwhile."),
        [ErrorCode.NotATracker] = (ErrorCategory.ProtocolError, "A tracker prints its address when it starts; the default port is 8001."),

        [ErrorCode.PathNotFound] = (ErrorCategory.ObjectNotFound, "A relative path starts at the current location; -LiteralPath takes a path with wildcard characters."),
        [ErrorCode.PathIsFolder] = (ErrorCategory.InvalidArgument, "Name a file, or share what is in the folder with -Recurse."),
        [ErrorCode.PathUnreadable] = (ErrorCategory.ReadError, "Check the permissions of the file and its folder."),
        [ErrorCode.PathUnwritable] = (ErrorCategory.WriteError, "Check the permissions of the folder."),
        [ErrorCode.SourceFileChanged] = (ErrorCategory.InvalidData, "Send-P2PFile -Force shares the file as it is now."),
        [ErrorCode.DestinationExists] = (ErrorCategory.ResourceExists, "-Force replaces the file; -Destination names another folder."),
        [ErrorCode.DestinationInvalid] = (ErrorCategory.InvalidArgument, "-Destination names another folder."),
        [ErrorCode.DestinationInUse] = (ErrorCategory.ResourceBusy, "Stop-P2PDownload ends the other download; -Destination names another folder."),
        [ErrorCode.DiskFull] = (ErrorCategory.WriteError, "Resume-P2PDownload continues the download."),
        [ErrorCode.StateFolderUnusable] = (ErrorCategory.OpenError, "-StatePath of Connect-P2PTracker names another folder."),

        [ErrorCode.NoSourceOnline] = (ErrorCategory.ResourceUnavailable, "Get-P2PPeer lists the peers that are online; Resume-P2PDownload tries a download again."),
        [ErrorCode.DownloadStopped] = (ErrorCategory.OperationStopped, "Resume-P2PDownload continues the download."),
        [ErrorCode.DownloadFailed] = (ErrorCategory.NotSpecified, "Resume-P2PDownload tries again."),
        [ErrorCode.DownloadNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PDownload lists the downloads."),
        [ErrorCode.PeerNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PPeer lists the peers that are online."),
        [ErrorCode.PeerServerFailed] = (ErrorCategory.ConnectionError, "Start-P2PPeerServer starts another peer server."),
        [ErrorCode.PeerServerRunning] = (ErrorCategory.ResourceExists, "Set-P2PPeerServer changes its limits; Stop-P2PPeerServer stops it."),
        [ErrorCode.PeerServerNotRunning] = (ErrorCategory.ObjectNotFound, "Start-P2PPeerServer starts one; Resume-P2PDownload starts one and continues downloads."),
        [ErrorCode.PortInUse] = (ErrorCategory.ResourceBusy, "-Port names the port."),
        [ErrorCode.SessionUnusable] = (ErrorCategory.InvalidArgument, "New-PSSession -HostName opens a session to PowerShell 7.6 over SSH."),
        [ErrorCode.CopyFailed] = (ErrorCategory.WriteError, "The same command continues what is unfinished; -Force replaces files that exist."),
        [ErrorCode.TrackerNotStarted] = (ErrorCategory.OpenError, "Correct what the tracker reported, and start it again."),
    };

    /// <param name="target">The input, name or path that the fault is about.</param>
    public static ErrorRecord ToErrorRecord(P2PShareException fault, object? target)
    {
        // A newer tracker may return codes that this module does not know.
        var (category, advice) = Table.GetValueOrDefault(fault.Code, (ErrorCategory.NotSpecified, ""));
        return new ErrorRecord(fault, fault.Code, category, target)
        {
            ErrorDetails = new ErrorDetails(fault.Message) { RecommendedAction = advice },
        };
    }
}
