#requires -Version 7.6
#requires -Modules P2PShare

<#
.SYNOPSIS
    Shares a build's folder with a group, and waits until enough machines have it.
.DESCRIPTION
    Shares all files of the folder under the folder's own name: ./out/app-1.2.3 becomes app-1.2.3/… in the group, where
    Receive-Build.ps1 finds it. Hidden files are left out. With -Machines it then waits until that many machines have every file complete,
    including this one: from then on the build stays available even if this machine stops.

    The files are served from their place: do not change the folder as long as this machine should serve the build.
.PARAMETER Path
    The folder, named after the build and its version.
.PARAMETER Group
    The group to share it with.
.PARAMETER Machines
    The number of machines that must have the complete build before the script ends; 1 does not wait.
.PARAMETER TimeoutSec
    The longest time to wait for them, in seconds.
.PARAMETER Session
    The session to use; the default is the session of Connect-P2PTracker.
.EXAMPLE
    ./Publish-Build.ps1 -Path ./out/app-1.2.3 -Group builds

    Shares the build.
.EXAMPLE
    ./Publish-Build.ps1 -Path ./out/app-1.2.3 -Group builds -Machines 3 -TimeoutSec 600

    Shares it, and returns once three machines have all of it.
.OUTPUTS
    One object: Build, Group, Files, Size in bytes, Machines that have all of it.
#>
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    [Parameter(Mandatory, Position = 1)]
    [string] $Group,

    [ValidateRange(1, 10000)]
    [int] $Machines = 1,

    [ValidateRange(1, 86400)]
    [int] $TimeoutSec = 3600,

    $Session
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$in = $Session ? @{ Session = $Session } : @{}

$folder = Get-Item -LiteralPath $Path
if (-not $folder.PSIsContainer) { throw "'$Path' is a file: the build's folder was expected." }
if (-not $PSCmdlet.ShouldProcess($folder.FullName, "Share with group $Group as $($folder.Name)")) { return }

$shared = @(Send-P2PFile -LiteralPath $folder.FullName -Recurse -Group $Group -Confirm:$false @in)
if (-not $shared) { throw "'$Path' has no files to share." }

$deadline = [datetime]::UtcNow.AddSeconds($TimeoutSec)
while ($true) {
    $names = $shared.Name
    # An empty file has no sources to count.
    $have = (Get-P2PFile -Group $Group -Name "$([wildcardpattern]::Escape($folder.Name))/*" @in |
            Where-Object { $_.Name -in $names -and $_.Size -gt 0 } | Measure-Object Sources -Minimum).Minimum ?? $Machines
    if ($have -ge $Machines) { break }
    if ([datetime]::UtcNow -gt $deadline) { throw "$have of $Machines machines have $($folder.Name) after $TimeoutSec seconds. It stays shared." }
    Write-Progress -Activity "Waiting for $($folder.Name)" -Status "$have of $Machines machines have it" -PercentComplete (100 * $have / $Machines)
    Start-Sleep -Seconds 1
}

Write-Progress -Activity "Waiting for $($folder.Name)" -Completed
[pscustomobject]@{
    Build    = $folder.Name
    Group    = $Group
    Files    = $shared.Count
    Size     = ($shared | Measure-Object Size -Sum).Sum
    Machines = [int] $have
}
