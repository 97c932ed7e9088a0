#requires -Version 7.6
#requires -Modules P2PShare

<#
.SYNOPSIS
    Receives the newest build of a group, or a named one, and checks it.
.DESCRIPTION
    A build is what Publish-Build.ps1 shares: files under one folder's name. The newest is the one that was shared last. Every
    machine serves the pieces it has to the others, during its download and after it, so that many take hardly longer than one.

    The script receives missing and different files and leaves equal ones alone. It throws if the build is incomplete at the
    end, so that 'pwsh -File Receive-Build.ps1 …' ends with exit code 1.
.PARAMETER Group
    The group.
.PARAMETER Name
    Name of the build, wildcards allowed: the newest match is received.
.PARAMETER Destination
    The folder that the build's folder is put into.
.PARAMETER Session
    The session to use; the default is the session of Connect-P2PTracker.
.EXAMPLE
    ./Receive-Build.ps1 -Group builds -Destination /srv/builds

    Receives the newest build.
.EXAMPLE
    ./Receive-Build.ps1 -Group builds -Name app-1.* -Destination /srv/builds

    Receives the newest build of version 1.
.EXAMPLE
    Invoke-Command -HostName (Get-Content machines.txt) -FilePath ./Receive-OnEach.ps1

    Receives on many machines at once. You write Receive-OnEach.ps1: it connects with a credential that the machine keeps, and calls this script.
.OUTPUTS
    One object: Build, Group, Path, Files, Changed (the number of received files).
#>
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory, Position = 0)]
    [string] $Group,

    [Parameter(Position = 1)]
    [string] $Name = '*',

    [Parameter(Mandatory)]
    [string] $Destination,

    $Session
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$in = $Session ? @{ Session = $Session } : @{}

$build = Get-P2PFile -Group $Group @in | Where-Object Name -like '*/*' | Group-Object { $_.Name.Split('/')[0] } | Where-Object Name -like $Name |
    Sort-Object { ($_.Group | Measure-Object Shared -Maximum).Maximum } | Select-Object -Last 1
if (-not $build) { throw "The group '$Group' has no build like '$Name'." }

$path = Join-Path $Destination $build.Name
if (-not $PSCmdlet.ShouldProcess($path, "Receive $($build.Name) of group $Group")) { return }

$changed = @(Sync-P2PGroup -Group $Group -Destination $Destination -Name "$([wildcardpattern]::Escape($build.Name))/*" -Confirm:$false @in)
$wrong = @($build.Group | Test-P2PFile -Path $Destination @in | Where-Object Result -ne Match)
if ($wrong) { throw "$($build.Name) is incomplete: $($wrong.Name -join ', ')." }

[pscustomobject]@{ Build = $build.Name; Group = $Group; Path = $path; Files = $build.Count; Changed = $changed.Count }
