<#
.SYNOPSIS
    What many small files cost one shell that shares them, and receives them in a second session.
.DESCRIPTION
    Run by the verb 'growth' of the benchmark, once for each number of files, in a shell that has just started.
.PARAMETER Module
    Path of the module's manifest.
.PARAMETER Folder
    For all files; the caller deletes it.
.PARAMETER Count
    Number of files.
.PARAMETER Size
    Bytes of each.
.PARAMETER Output
    JSON file for the measurements: an object with a number for each.
#>
param (
    [Parameter(Mandatory)] [string] $Module,
    [Parameter(Mandatory)] [string] $Folder,
    [Parameter(Mandatory)] [int] $Count,
    [Parameter(Mandatory)] [int] $Size,
    [Parameter(Mandatory)] [string] $Output
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
Import-Module $Module

function Measure-Seconds ([scriptblock] $Action) {
    $watch = [Diagnostics.Stopwatch]::StartNew()
    $null = . $Action
    $watch.Elapsed.TotalSeconds
}

function Get-Memory {
    [GC]::Collect()
    [GC]::WaitForPendingFinalizers()
    [GC]::GetTotalMemory($true)
}

# Quotas that a tracker has by default are below the largest number of files.
$env:Tracker__FilesPerUser = $env:Tracker__FilesPerGroup = $env:Tracker__HoldingsPerUser = '1000000'
try {
    $alice, $bob = & (Join-Path $PSScriptRoot ../Measuring/Programs/TwoUsers.ps1) $Folder
    foreach ($session in $alice, $bob) {
        $null = Start-P2PPeerServer -Session $session
    }

    # A few files first: what is compiled once is not of the files.
    $few = Join-Path $Folder few
    $many = Join-Path $Folder many
    foreach ($made in @{ Path = $few; Count = 50 }, @{ Path = $many; Count = $Count }) {
        $null = New-Item -ItemType Directory $made.Path
        $bytes = [byte[]]::new($Size)
        for ($i = 0; $i -lt $made.Count; $i++) {
            [Random]::Shared.NextBytes($bytes)
            [IO.File]::WriteAllBytes([IO.Path]::Combine($made.Path, "file$i.bin"), $bytes)
        }
    }
    $received = Join-Path $Folder received
    $null = Send-P2PFile $few -Recurse -Group bench -Session $alice
    $null = Sync-P2PGroup bench -Destination $received -Session $bob

    $before = Get-Memory
    $measured = [ordered]@{}
    $measured.share = Measure-Seconds { Send-P2PFile $many -Recurse -Group bench -Session $alice }
    $measured.heldByShare = (Get-Memory) - $before
    $measured.first = Measure-Seconds { Get-P2PFile bench -Session $bob | Select-Object -First 1 }
    $measured.list = Measure-Seconds { Get-P2PFile bench -Session $bob }
    $before = Get-Memory
    $measured.mirror = Measure-Seconds { Sync-P2PGroup bench -Destination $received -Session $bob }
    $measured.heldByMirror = (Get-Memory) - $before
    $measured.again = Measure-Seconds { Sync-P2PGroup bench -Destination $received -Session $bob }
    $there = @(Get-ChildItem -LiteralPath (Join-Path $received many) -File).Count
    if ($there -ne $Count) {
        throw "$there of $Count files were received."
    }
    Stop-P2PPeerServer -InputObject (Get-P2PPeerServer -Session $alice)
    $measured.start = Measure-Seconds { Start-P2PPeerServer -Session $alice }
    $some = @(Get-P2PFile bench many/* -Session $alice | Select-Object -First 1000)
    $measured.withdraw = Measure-Seconds { $some | Unpublish-P2PFile -Session $alice -Confirm:$false }
    $measured.workingSet = [Environment]::WorkingSet

    ConvertTo-Json $measured | Set-Content -LiteralPath $Output
}
finally {
    Get-P2PSession | Disconnect-P2PTracker -WarningAction Ignore
    Stop-P2PTracker
}
