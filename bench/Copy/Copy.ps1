<#
.SYNOPSIS
    Copies a file to machines over sessions, in one of the ways that PowerShell has.
.DESCRIPTION
    Run by the verb 'copy' of the benchmark. It opens the sessions, writes a line, waits for one, copies, writes the seconds that the copy took,
    and ends with its standard input.
.PARAMETER Method
    Swarm: Copy-P2PItem. Loop: Copy-Item for one session after the other. Parallel: Copy-Item for all at once.
.PARAMETER Path
    The file.
.PARAMETER Targets
    JSON file: for each target Address, Port, Key, KnownHosts and Folder.
.PARAMETER Module
    Path of the manifest of P2PShare.
#>
param (
    [Parameter(Mandatory)] [ValidateSet('Swarm', 'Loop', 'Parallel')] [string] $Method,
    [Parameter(Mandatory)] [string] $Path,
    [Parameter(Mandatory)] [string] $Targets,
    [Parameter(Mandatory)] [string] $Module
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
# Escape sequences would hide what an error says.
$PSStyle.OutputRendering = 'PlainText'
Import-Module $Module

$all = foreach ($target in Get-Content -Raw $Targets | ConvertFrom-Json) {
    $options = @{ UserKnownHostsFile = $target.KnownHosts; StrictHostKeyChecking = 'yes'; LogLevel = 'ERROR'; IdentitiesOnly = 'yes' }
    $session = New-PSSession -HostName $target.Address -Port $target.Port -KeyFilePath $target.Key -Options $options
    # The targets share a disk here, and a relative destination is each one's own.
    Invoke-Command -Session $session { Set-Location -LiteralPath $using:target.Folder }
    @{ Folder = $target.Folder; Session = $session }
}

'ready'
$null = [Console]::In.ReadLine()
$watch = [Diagnostics.Stopwatch]::StartNew()
switch ($Method) {
    Swarm {
        $failed = Copy-P2PItem $Path -Destination . -ToSession $all.Session -PassThru | Where-Object State -NE Completed
        if ($failed) { throw "$($failed | ForEach-Object { "$($_.Target): $($_.Error)" })" }
    }
    Loop {
        foreach ($target in $all) { Copy-Item $Path -Destination $target.Folder -ToSession $target.Session }
    }
    Parallel {
        $all | ForEach-Object -Parallel { Copy-Item $using:Path -Destination $_.Folder -ToSession $_.Session } -ThrottleLimit $all.Count
    }
}
$watch.Elapsed.TotalSeconds.ToString([cultureinfo]::InvariantCulture)

$null = [Console]::In.ReadLine()
$all.Session | Remove-PSSession
