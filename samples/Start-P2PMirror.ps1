#requires -Version 7.6
#requires -Modules P2PShare

<#
.SYNOPSIS
    Keeps a folder equal to a group and serves it to the other members: the program of a service.
.DESCRIPTION
    Connects, starts a peer server and follows the group. If the tracker is unavailable or the session has ended, it tries again after a pause
    that grows to a minute. Each change is a line on the standard output, each problem one on the standard error: a service manager
    adds the times and keeps them.

    README.md beside this script says how it becomes a service of systemd or Windows.
.PARAMETER Tracker
    The tracker, host:port; give -Fingerprint too, because a service cannot be asked whether it trusts a certificate.
.PARAMETER TrackerInfo
    A file that names the trackers, with their fingerprints, one a line; in place of -Tracker.
.PARAMETER Fingerprint
    Of the tracker's certificate, as it prints it.
.PARAMETER CredentialPath
    File with the user's name and password, made by: Get-Credential | Export-Clixml <file>. On Windows only the user who made it can read
    it; elsewhere it is not encrypted: its permissions have to protect it.
.PARAMETER Group
    The group.
.PARAMETER Destination
    The folder.
.PARAMETER Name
    Names of files, wildcards allowed: only these are mirrored.
.PARAMETER Delete
    Deletes what the group does not have.
.PARAMETER Port
    TCP port of the peer server, which others connect to; 0 takes a free one.
.PARAMETER StatePath
    Folder for the peer's certificate and what it knows; else the user's own.
.EXAMPLE
    ./Start-P2PMirror.ps1 -TrackerInfo tracker_info.txt -CredentialPath mirror.xml -Group builds -Destination /srv/builds -Delete

    Mirrors the group builds until it is ended.
.EXAMPLE
    ./Start-P2PMirror.ps1 -Tracker tracker.example:8001 -Fingerprint $fingerprint -CredentialPath mirror.xml -Group web -Destination /srv/web -Port 8002

    Mirrors the group web, and can be reached on port 8002.
#>
[CmdletBinding(DefaultParameterSetName = 'TrackerInfo')]
param (
    [Parameter(Mandatory, ParameterSetName = 'Tracker')]
    [string] $Tracker,

    [Parameter(Mandatory, ParameterSetName = 'TrackerInfo')]
    [string] $TrackerInfo,

    [Parameter(ParameterSetName = 'Tracker')]
    [string] $Fingerprint,

    [Parameter(Mandatory)]
    [string] $CredentialPath,

    [Parameter(Mandatory)]
    [string] $Group,

    [Parameter(Mandatory)]
    [string] $Destination,

    [string[]] $Name = '*',

    [switch] $Delete,

    [ValidateRange(0, 65535)]
    [int] $Port = 0,

    [string] $StatePath
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$longestPause = 60

$connect = @{ Credential = Import-Clixml -LiteralPath $CredentialPath }
foreach ($parameter in 'Tracker', 'TrackerInfo', 'Fingerprint', 'StatePath') {
    if ($PSBoundParameters.ContainsKey($parameter)) { $connect[$parameter] = $PSBoundParameters[$parameter] }
}

$pause = 1
while ($true) {
    $session = $null
    try {
        $session = Connect-P2PTracker @connect
        $null = Start-P2PPeerServer -Session $session -Port $Port
        [Console]::Out.WriteLine("Connected to $($session.Tracker) as $($session.UserName): mirroring '$Group' to '$Destination'.")
        $pause = 1
        Sync-P2PGroup -Group $Group -Destination $Destination -Name $Name -Delete:$Delete -Watch -Session $session -Confirm:$false -ErrorAction Continue |
            ForEach-Object { [Console]::Out.WriteLine("$($_.Action) $($_.Name) ($($_.Size) bytes)") }
    } catch {
        [Console]::Error.WriteLine("$($_.Exception.Message) Trying again in $pause seconds.")
    } finally {
        # Also at the end of the service: others stop asking this machine at once.
        if ($session) { Disconnect-P2PTracker -Session $session -WarningAction Ignore -ErrorAction Ignore -Confirm:$false }
    }

    Start-Sleep -Seconds $pause
    $pause = [math]::Min($pause * 2, $longestPause)
}
