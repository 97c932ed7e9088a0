#requires -Version 7.6
#requires -Modules P2PShare

<#
.SYNOPSIS
    Keeps a folder equal to a group and serves it to the other members. Runs as a service.
.DESCRIPTION
    Connects, starts a peer server and follows the group. If the tracker is unavailable or the session has ended, it tries again after a pause
    that grows to a minute. Each change is a line on standard output, each problem a line on standard error: a service manager
    adds the times and keeps them.

    README.md beside this script explains how to run it under systemd or on Windows.
.PARAMETER Tracker
    The tracker, host:port; give -Fingerprint too, because a service cannot be asked whether it trusts a certificate.
.PARAMETER TrackerInfo
    A file with one line 'host:port fingerprint' per tracker; instead of -Tracker.
.PARAMETER Fingerprint
    The fingerprint of the tracker's certificate, as the tracker prints it.
.PARAMETER CredentialPath
    File with the user's name and password, created by: Get-Credential | Export-Clixml <file>. On Windows only the user who created it can read
    it; elsewhere it is not encrypted: protect it by its permissions.
.PARAMETER Group
    The group to mirror.
.PARAMETER Destination
    The folder to keep equal to the group.
.PARAMETER Name
    Names of files, wildcards allowed: only these are mirrored.
.PARAMETER Delete
    Deletes files that the group does not have.
.PARAMETER Port
    TCP port of the peer server, to which other peers connect; 0 picks a free one.
.PARAMETER StatePath
    The peer's state folder, with its certificate; the default is the user's.
.EXAMPLE
    ./Start-P2PMirror.ps1 -TrackerInfo tracker_info.txt -CredentialPath mirror.xml -Group builds -Destination /srv/builds -Delete

    Mirrors the group builds until it is stopped.
.EXAMPLE
    ./Start-P2PMirror.ps1 -Tracker tracker.example:8001 -Fingerprint $fingerprint -CredentialPath mirror.xml -Group web -Destination /srv/web -Port 8002

    Mirrors the group web, and listens on port 8002.
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
        # Runs also when the service stops: other peers then stop using this machine at once.
        if ($session) { Disconnect-P2PTracker -Session $session -WarningAction Ignore -ErrorAction Ignore -Confirm:$false }
    }

    Start-Sleep -Seconds $pause
    $pause = [math]::Min($pause * 2, $longestPause)
}
