namespace P2PShare.Protocol;

/// <summary>
/// The stable identifiers of everything that can go wrong. The tracker puts them in the <c>code</c> of its problem
/// details (RFC 9457), the engine in <see cref="P2PShareException.Code"/>, the cmdlets in their error ids: one word
/// for one fault everywhere.
/// </summary>
public static class ErrorCode
{
    // Input
    public const string InvalidUserName = nameof(InvalidUserName);
    public const string InvalidGroupName = nameof(InvalidGroupName);
    public const string InvalidFileName = nameof(InvalidFileName);
    public const string InvalidPassword = nameof(InvalidPassword);
    public const string InvalidContent = nameof(InvalidContent);
    public const string InvalidRequest = nameof(InvalidRequest);
    public const string PageSizeMissing = nameof(PageSizeMissing);
    public const string InvalidTrackerAddress = nameof(InvalidTrackerAddress);
    public const string InvalidTrackerInfo = nameof(InvalidTrackerInfo);
    public const string InvalidFingerprint = nameof(InvalidFingerprint);
    public const string InvalidConfiguration = nameof(InvalidConfiguration);

    // Accounts
    public const string UserNameTaken = nameof(UserNameTaken);
    public const string WrongCredentials = nameof(WrongCredentials);
    public const string TooManyAttempts = nameof(TooManyAttempts);
    public const string NotLoggedIn = nameof(NotLoggedIn);
    public const string UserOwnsGroups = nameof(UserOwnsGroups);
    public const string InvalidInvitation = nameof(InvalidInvitation);
    public const string RegistrationClosed = nameof(RegistrationClosed);
    public const string QuotaExceeded = nameof(QuotaExceeded);

    // Groups
    public const string GroupNotFound = nameof(GroupNotFound);
    public const string GroupNameTaken = nameof(GroupNameTaken);
    public const string AlreadyMember = nameof(AlreadyMember);
    public const string NotMember = nameof(NotMember);
    public const string NotOwner = nameof(NotOwner);
    public const string RoleTooLow = nameof(RoleTooLow);
    public const string UserNotFound = nameof(UserNotFound);
    public const string OwnerCannotLeave = nameof(OwnerCannotLeave);
    public const string MemberNotFound = nameof(MemberNotFound);
    public const string JoinRequestNotFound = nameof(JoinRequestNotFound);

    // Files of a group
    public const string FileNotFound = nameof(FileNotFound);
    public const string FileNameTaken = nameof(FileNameTaken);
    public const string NotSharer = nameof(NotSharer);

    // Reaching the tracker
    public const string TrackerHostUnknown = nameof(TrackerHostUnknown);
    public const string TrackerUnreachable = nameof(TrackerUnreachable);
    public const string TrackerCertificateUntrusted = nameof(TrackerCertificateUntrusted);
    public const string TrackerCertificateChanged = nameof(TrackerCertificateChanged);
    public const string TrackerFingerprintNotFound = nameof(TrackerFingerprintNotFound);
    public const string TrackerFailed = nameof(TrackerFailed);
    public const string TrackerDatabaseUnavailable = nameof(TrackerDatabaseUnavailable);
    public const string TrackerDatabaseBusy = nameof(TrackerDatabaseBusy);
    public const string TrackerStorageFull = nameof(TrackerStorageFull);
    public const string VersionNotSupported = nameof(VersionNotSupported);
    public const string NotATracker = nameof(NotATracker);
    public const string TrackerNotStarted = nameof(TrackerNotStarted);

    // Local files and folders
    public const string PathNotFound = nameof(PathNotFound);
    public const string PathIsFolder = nameof(PathIsFolder);
    public const string PathUnreadable = nameof(PathUnreadable);
    public const string PathUnwritable = nameof(PathUnwritable);
    public const string SourceFileChanged = nameof(SourceFileChanged);
    public const string DestinationExists = nameof(DestinationExists);
    public const string DestinationInvalid = nameof(DestinationInvalid);
    public const string DestinationInUse = nameof(DestinationInUse);
    public const string DiskFull = nameof(DiskFull);
    public const string StateFolderUnusable = nameof(StateFolderUnusable);

    // Transfers
    public const string NoSourceOnline = nameof(NoSourceOnline);
    public const string DownloadStopped = nameof(DownloadStopped);
    public const string DownloadFailed = nameof(DownloadFailed);
    public const string DownloadNotFound = nameof(DownloadNotFound);
    public const string PeerNotFound = nameof(PeerNotFound);
    public const string PeerServerFailed = nameof(PeerServerFailed);
    public const string PeerServerNotRunning = nameof(PeerServerNotRunning);
    public const string PeerServerRunning = nameof(PeerServerRunning);
    public const string PortInUse = nameof(PortInUse);

    // Copies through sessions of PowerShell
    public const string SessionUnusable = nameof(SessionUnusable);
    public const string CopyFailed = nameof(CopyFailed);
}
