<#
.SYNOPSIS
    Starts a tracker, and connects alice and bob to it, who are members of the group 'bench'.
.PARAMETER Folder
    For the tracker's data and the users' state folders.
.OUTPUTS
    The session of alice, who owns the group, and that of bob.
#>
param ([Parameter(Mandatory)] [string] $Folder)

$listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
$listener.Start()
$port = $listener.LocalEndpoint.Port
$listener.Stop()
$tracker = Start-P2PTracker -Port $port -DataPath (Join-Path $Folder tracker)
$password = ConvertTo-SecureString ([guid]::NewGuid().ToString()) -AsPlainText
$alice, $bob = foreach ($user in 'alice', 'bob') {
    $arguments = @{
        Tracker = $tracker.Address; Fingerprint = $tracker.Fingerprint; UserName = $user; Password = $password
        StatePath = Join-Path $Folder $user
    }
    $null = New-P2PUser @arguments
    Connect-P2PTracker @arguments
}
$null = New-P2PGroup bench -Session $alice
$null = Join-P2PGroup bench -Session $bob
Get-P2PJoinRequest -Session $alice | Approve-P2PJoinRequest -Session $alice
$alice, $bob
