<#
.SYNOPSIS
    What showing progress costs a download: the same file received with and without it, in turns, in this shell.
.DESCRIPTION
    Run by the verb 'progress' of the benchmark, in a real terminal: if output is redirected the host draws nothing. Each
    round receives a file of random bytes over loopback, once with progress shown and once hidden, and takes the time, the
    processor time and the time spent compiling of this process: the difference is the progress's.
.PARAMETER Module
    Path of the module's manifest.
.PARAMETER Folder
    For all files; the caller deletes it.
.PARAMETER Size
    Bytes of the file.
.PARAMETER Rounds
    Of each kind.
.PARAMETER Speed
    Most bytes a second; 0: as fast as possible.
.PARAMETER Output
    JSON file for the samples: an array of {IsShown, Seconds, User, System, Compiling}.
#>
param (
    [Parameter(Mandatory)] [string] $Module,
    [Parameter(Mandatory)] [string] $Folder,
    [Parameter(Mandatory)] [long] $Size,
    [Parameter(Mandatory)] [int] $Rounds,
    [Parameter(Mandatory)] [long] $Speed,
    [Parameter(Mandatory)] [string] $Output
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module $Module

try {
    $alice, $bob = & (Join-Path $PSScriptRoot ../Measuring/Programs/TwoUsers.ps1) $Folder
    $source = Join-Path $Folder data.bin
    $bytes = [byte[]]::new([math]::Min(1MB, $Size))
    $stream = [IO.File]::Create($source)
    for ($left = $Size; $left -gt 0; $left -= $bytes.Length) {
        [Random]::Shared.NextBytes($bytes)
        $stream.Write($bytes, 0, [math]::Min($left, $bytes.Length))
    }
    $stream.Dispose()
    $null = Start-P2PPeerServer -Session $alice -UploadLimit $Speed
    $null = Send-P2PFile $source -Group bench -Session $alice

    $samples = foreach ($round in 0..$Rounds) {
        # The first of each kind warms up.
        foreach ($preference in $(if ($round % 2) { 'Continue', 'SilentlyContinue' } else { 'SilentlyContinue', 'Continue' })) {
            $cpu = [Environment]::CpuUsage
            $compiling = [Runtime.JitInfo]::GetCompilationTime($false)
            $watch = [Diagnostics.Stopwatch]::StartNew()
            Receive-P2PFile bench data.bin -Destination (Join-Path $Folder received) -Force -Session $bob -ProgressAction $preference
            $watch.Stop()
            $after = [Environment]::CpuUsage
            if ($round -gt 0) {
                [pscustomobject]@{
                    IsShown = $preference -eq 'Continue'; Seconds = $watch.Elapsed.TotalSeconds
                    User = ($after.UserTime - $cpu.UserTime).TotalSeconds; System = ($after.PrivilegedTime - $cpu.PrivilegedTime).TotalSeconds
                    Compiling = ([Runtime.JitInfo]::GetCompilationTime($false) - $compiling).TotalSeconds
                }
            }
            # Otherwise the next round copies what is here already.
            Get-P2PDownload -Session $bob | Remove-P2PDownload
            Stop-P2PPeerServer -InputObject (Get-P2PPeerServer -Session $bob)
            Remove-Item -LiteralPath (Join-Path $Folder received) -Recurse
        }
    }

    ConvertTo-Json @($samples) | Set-Content -LiteralPath $Output
}
finally {
    Get-P2PSession | Disconnect-P2PTracker -WarningAction Ignore
    Stop-P2PTracker
}
