<#
.SYNOPSIS
    What showing progress costs a download: the same file received with and without it, in turns, in this shell.
.DESCRIPTION
    Run it in a real terminal and after `dotnet build -c Release`: where output is redirected the host draws nothing. Each
    round receives a file of random bytes over loopback at a bounded speed, so that both take the same time, and takes the
    processor time of this process: the difference is the progress's.
.PARAMETER Size
    Bytes of the file.
.PARAMETER Rounds
    Of each kind.
.PARAMETER Speed
    Most bytes a second; 0: as fast as it goes.
.PARAMETER Json
    File that the rows are written to.
#>
param (
    [long] $Size = 512MB,
    [int] $Rounds = 7,
    [long] $Speed = 0,
    [string] $Json
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
Import-Module (Join-Path $PSScriptRoot '..' '..' 'out' 'P2PShare')

function Get-Median ([double[]] $Values) {
    ($Values | Sort-Object)[[int][math]::Floor($Values.Count / 2)]
}

$folder = Join-Path ([IO.Path]::GetTempPath()) "p2pshare-progress-$([guid]::NewGuid().ToString('n'))"
$null = New-Item -ItemType Directory $folder
try {
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $listener.Start()
    $port = $listener.LocalEndpoint.Port
    $listener.Stop()
    $tracker = Start-P2PTracker -Port $port -DataPath (Join-Path $folder tracker)
    $password = ConvertTo-SecureString ([guid]::NewGuid().ToString()) -AsPlainText
    $alice, $bob = foreach ($user in 'alice', 'bob') {
        $arguments = @{
            Tracker = $tracker.Address; Fingerprint = $tracker.Fingerprint; UserName = $user; Password = $password
            StatePath = Join-Path $folder $user
        }
        $null = New-P2PUser @arguments
        Connect-P2PTracker @arguments
    }
    $null = New-P2PGroup bench -Session $alice
    $null = Join-P2PGroup bench -Session $bob
    Get-P2PJoinRequest -Session $alice | Approve-P2PJoinRequest -Session $alice
    $source = Join-Path $folder data.bin
    $bytes = [byte[]]::new(1MB)
    $stream = [IO.File]::Create($source)
    for ($written = 0; $written -lt $Size; $written += $bytes.Length) {
        [Random]::Shared.NextBytes($bytes)
        $stream.Write($bytes)
    }
    $stream.Dispose()
    $null = Start-P2PPeerServer -Session $alice -UploadLimit $Speed
    $null = Send-P2PFile $source -Group bench -Session $alice

    $samples = foreach ($round in 0..$Rounds) {
        # The first of each kind warms up.
        foreach ($preference in $(if ($round % 2) { 'Continue', 'SilentlyContinue' } else { 'SilentlyContinue', 'Continue' })) {
            $process = [Diagnostics.Process]::GetCurrentProcess()
            $before = $process.TotalProcessorTime
            $watch = [Diagnostics.Stopwatch]::StartNew()
            Receive-P2PFile bench data.bin -Destination (Join-Path $folder received) -Force -Session $bob -ProgressAction $preference
            $watch.Stop()
            $process.Refresh()
            [pscustomobject]@{
                Round = $round; Progress = $preference; Seconds = $watch.Elapsed.TotalSeconds
                Processor = ($process.TotalProcessorTime - $before).TotalSeconds
            }
            # Else the next round copies what is here already.
            Get-P2PDownload -Session $bob | Remove-P2PDownload
            Stop-P2PPeerServer -InputObject (Get-P2PPeerServer -Session $bob)
            Remove-Item -LiteralPath (Join-Path $folder received) -Recurse
        }
    }

    $measured = $samples | Where-Object Round -gt 0
    $rows = foreach ($unit in 'Seconds', 'Processor') {
        foreach ($group in $measured | Group-Object Progress) {
            [pscustomobject]@{
                case = "receive $($Size / 1MB) MiB"; subject = "p2pshare, progress $($group.Name -eq 'Continue' ? 'shown' : 'hidden')"
                unit = $unit -eq 'Seconds' ? 's' : 's of processor time'
                median = Get-Median $group.Group.$unit
                min = ($group.Group.$unit | Measure-Object -Minimum).Minimum
                max = ($group.Group.$unit | Measure-Object -Maximum).Maximum
            }
        }
    }
    $rows | Format-Table -AutoSize
    foreach ($unit in 's', 's of processor time') {
        $shown = $rows | Where-Object { $_.unit -eq $unit -and $_.subject -like '*shown' }
        $hidden = $rows | Where-Object { $_.unit -eq $unit -and $_.subject -like '*hidden' }
        $time = ($rows | Where-Object { $_.unit -eq 's' -and $_.subject -like '*hidden' }).median
        'cost in {0}: {1:0.0} % of the download''s time' -f $unit, (100 * ($shown.median - $hidden.median) / $time)
    }
    if ($Json) {
        ConvertTo-Json @($rows) | Set-Content -LiteralPath $Json
    }
}
finally {
    Get-P2PSession | Disconnect-P2PTracker -WarningAction Ignore
    Stop-P2PTracker
    Remove-Item -LiteralPath $folder -Recurse -Force
}
