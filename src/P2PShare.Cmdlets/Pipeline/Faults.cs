using System.Management.Automation;
using P2PShare.Protocol;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>Faults as PowerShell's error records: the code is the error id.</summary>
internal static class Faults
{
    private static readonly Dictionary<string, (ErrorCategory Category, string Advice)> Table = new()
    {
        [ErrorCode.InvalidUserName] = (ErrorCategory.InvalidArgument, "Use 1 to 64 letters, digits, '.', '_' or '-'."),
        [ErrorCode.InvalidGroupName] = (ErrorCategory.InvalidArgument, "Use 1 to 64 letters, digits, '.', '_' or '-'."),
        [ErrorCode.InvalidFileName] = (ErrorCategory.InvalidArgument, "Choose another name with -Name."),
        [ErrorCode.InvalidPassword] = (ErrorCategory.InvalidArgument, "Choose another password."),
        [ErrorCode.InvalidContent] = (ErrorCategory.InvalidData, "Share the file again."),
        [ErrorCode.InvalidRequest] = (ErrorCategory.InvalidArgument, "Use the same version of P2PShare as the tracker."),
        [ErrorCode.InvalidTrackerAddress] = (ErrorCategory.InvalidArgument, "Give the tracker as host:port."),
        [ErrorCode.InvalidTrackerInfo] = (ErrorCategory.InvalidData, "Write 'host:port [fingerprint]' on each line of the tracker file."),
        [ErrorCode.InvalidFingerprint] = (ErrorCategory.InvalidArgument, "Copy the line that the tracker printed when it started."),
        [ErrorCode.InvalidConfiguration] = (ErrorCategory.InvalidArgument, "Correct the tracker's settings."),

        [ErrorCode.UserNameTaken] = (ErrorCategory.ResourceExists, "Choose another user name."),
        [ErrorCode.WrongCredentials] = (ErrorCategory.AuthenticationError, "Check the user name and the password; New-P2PUser makes an account."),
        [ErrorCode.TooManyAttempts] = (ErrorCategory.LimitsExceeded, "Wait as long as the message says, then try again."),
        [ErrorCode.NotLoggedIn] = (ErrorCategory.AuthenticationError, "Use Connect-P2PTracker."),
        [ErrorCode.UserOwnsGroups] = (ErrorCategory.InvalidOperation, "Hand the groups over with Set-P2PGroupOwner, or delete them with Remove-P2PGroup, first."),

        [ErrorCode.InvalidInvitation] = (ErrorCategory.PermissionDenied, "Ask the tracker's operator for an invitation, and give it with New-P2PUser -Invitation."),
        [ErrorCode.RegistrationClosed] = (ErrorCategory.PermissionDenied, "Ask the tracker's operator for an account."),
        [ErrorCode.QuotaExceeded] = (ErrorCategory.QuotaExceeded, "Remove what is needed no longer, or ask the tracker's operator."),

        [ErrorCode.GroupNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PGroup lists the groups."),
        [ErrorCode.GroupNameTaken] = (ErrorCategory.ResourceExists, "Choose another group name."),
        [ErrorCode.AlreadyMember] = (ErrorCategory.ResourceExists, "Nothing is left to do."),
        [ErrorCode.NotMember] = (ErrorCategory.PermissionDenied, "Ask to join with Join-P2PGroup, and the owner to approve."),
        [ErrorCode.NotOwner] = (ErrorCategory.PermissionDenied, "Ask the group's owner, whom Get-P2PGroup names."),
        [ErrorCode.OwnerCannotLeave] = (ErrorCategory.InvalidOperation, "Hand the group over with Set-P2PGroupOwner first, or delete it with Remove-P2PGroup."),
        [ErrorCode.MemberNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PGroupMember lists the members."),
        [ErrorCode.JoinRequestNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PJoinRequest lists those who ask."),

        [ErrorCode.FileNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PFile lists the files of a group."),
        [ErrorCode.FileNameTaken] = (ErrorCategory.ResourceExists, "Choose another name with -Name; -Force replaces a file of your own."),
        [ErrorCode.NotSharer] = (ErrorCategory.PermissionDenied, "Only who shared a file can stop sharing it."),

        [ErrorCode.TrackerHostUnknown] = (ErrorCategory.ConnectionError, "Check the spelling of the tracker's host."),
        [ErrorCode.TrackerUnreachable] = (ErrorCategory.ConnectionError, "Check the address and that the tracker runs."),
        [ErrorCode.TrackerCertificateUntrusted] = (ErrorCategory.SecurityError, "Compare the fingerprint with the tracker's, then use -Fingerprint."),
        [ErrorCode.TrackerCertificateChanged] = (ErrorCategory.SecurityError, "Ask the tracker's operator for its fingerprint."),
        [ErrorCode.TrackerFailed] = (ErrorCategory.InvalidResult, "The tracker's log says why."),
        [ErrorCode.TrackerDatabaseUnavailable] = (ErrorCategory.ResourceUnavailable, "Try again in a few seconds; tell the tracker's operator when it stays so."),
        [ErrorCode.TrackerStorageFull] = (ErrorCategory.ResourceUnavailable, "Tell the tracker's operator; lists and downloads work meanwhile."),
        [ErrorCode.NotATracker] = (ErrorCategory.ProtocolError, "Check the host and the port."),

        [ErrorCode.PathNotFound] = (ErrorCategory.ObjectNotFound, "Check the path."),
        [ErrorCode.PathIsFolder] = (ErrorCategory.InvalidArgument, "Give a file, or share what is in the folder with -Recurse."),
        [ErrorCode.PathUnreadable] = (ErrorCategory.ReadError, "Check the file's permissions."),
        [ErrorCode.PathUnwritable] = (ErrorCategory.WriteError, "Check the folder's permissions."),
        [ErrorCode.SourceFileChanged] = (ErrorCategory.InvalidData, "Share the file again when nothing writes to it."),
        [ErrorCode.DestinationExists] = (ErrorCategory.ResourceExists, "Use -Force to replace it, or another -Destination."),
        [ErrorCode.DestinationInvalid] = (ErrorCategory.InvalidArgument, "Choose another -Destination."),
        [ErrorCode.DestinationInUse] = (ErrorCategory.ResourceBusy, "Wait for the other download, or choose another -Destination."),
        [ErrorCode.DiskFull] = (ErrorCategory.WriteError, "Free some space; the same command then goes on from here."),
        [ErrorCode.StateFolderUnusable] = (ErrorCategory.OpenError, "Give a folder that you can write to with -StatePath."),

        [ErrorCode.NoSourceOnline] = (ErrorCategory.ResourceUnavailable, "Try again when somebody who has the file is online."),
        [ErrorCode.DownloadStopped] = (ErrorCategory.OperationStopped, "Resume-P2PDownload goes on from here."),
        [ErrorCode.DownloadFailed] = (ErrorCategory.NotSpecified, "Resume-P2PDownload tries again."),
        [ErrorCode.DownloadNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PDownload lists the downloads."),
        [ErrorCode.PeerNotFound] = (ErrorCategory.ObjectNotFound, "Get-P2PPeer lists the peers that are online."),
        [ErrorCode.PeerServerFailed] = (ErrorCategory.ConnectionError, "Start it again with Start-P2PPeerServer."),
        [ErrorCode.PeerServerRunning] = (ErrorCategory.ResourceExists, "Use Set-P2PPeerServer, or Stop-P2PPeerServer first."),
        [ErrorCode.PeerServerNotRunning] = (ErrorCategory.ObjectNotFound, "Use Start-P2PPeerServer."),
        [ErrorCode.PortInUse] = (ErrorCategory.ResourceBusy, "Choose another port."),
        [ErrorCode.TrackerNotStarted] = (ErrorCategory.OpenError, "The message says what the tracker said."),
    };

    /// <param name="target">What the fault is about: an input, a name, a path.</param>
    public static ErrorRecord ToErrorRecord(P2PShareException fault, object? target)
    {
        // A tracker that is newer than this module may know codes that it does not.
        var (category, advice) = Table.GetValueOrDefault(fault.Code, (ErrorCategory.NotSpecified, ""));
        return new ErrorRecord(fault, fault.Code, category, target)
        {
            ErrorDetails = new ErrorDetails(fault.Message) { RecommendedAction = advice },
        };
    }
}
