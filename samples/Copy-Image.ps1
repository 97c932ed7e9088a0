#requires -Version 7.6
#requires -Modules P2PShare

<#
.SYNOPSIS
    Brings an image to all machines of a list, which need nothing but PowerShell 7.6 and SSH.
.DESCRIPTION
    The machines receive it from each other: the line of this one carries it about once. Machines that cannot be reached, or whose
    copy fails, are tried again with a new session while the others are done; what they have already is not sent again.

    It throws if a machine has no image at the end, so that 'pwsh -File Copy-Image.ps1 …' ends with exit code 1.
.PARAMETER Path
    The image, or a folder of images.
.PARAMETER HostList
    A file with one host name a line. Empty lines, and lines that begin with #, are left out.
.PARAMETER Destination
    A folder that each machine has. A file of that name there is replaced.
.PARAMETER Tries
    How often a machine is tried.
.PARAMETER UserName
    The user on the machines; by default what the configuration of ssh says.
.PARAMETER KeyFilePath
    The private key; by default what the configuration of ssh says.
.PARAMETER Port
    The port of the SSH servers.
.PARAMETER Options
    Further options of ssh, as in its configuration file.
.EXAMPLE
    ./Copy-Image.ps1 ./image.vhdx hosts.txt /var/lib/images

    Brings an image to all machines of hosts.txt.
.EXAMPLE
    ./Copy-Image.ps1 ./image.vhdx hosts.txt /var/lib/images -UserName deploy -KeyFilePath ~/.ssh/deploy | Export-Csv rollout.csv

    As another user, with a record of how each machine went.
.OUTPUTS
    One object for each machine: Host, State, Seconds, FromPeers (the share of the bytes that came from other machines), Error.
#>
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    [Parameter(Mandatory, Position = 1)]
    [string] $HostList,

    [Parameter(Mandatory, Position = 2)]
    [string] $Destination,

    [ValidateRange(1, 10)]
    [int] $Tries = 2,

    [string] $UserName,

    [string] $KeyFilePath,

    [ValidateRange(1, 65535)]
    [int] $Port = 22,

    [hashtable] $Options
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$hosts = @(Get-Content -LiteralPath $HostList | ForEach-Object { $_.Trim() } | Where-Object { $_ -and $_ -notlike '#*' } | Select-Object -Unique)
if (-not $hosts) { throw "'$HostList' names no host." }
if (-not $PSCmdlet.ShouldProcess("$($hosts.Count) machines", "Copy $Path to $Destination")) { return }

$connection = @{ Port = $Port }
foreach ($name in 'UserName', 'KeyFilePath', 'Options') {
    if ($PSBoundParameters.ContainsKey($name)) { $connection[$name] = $PSBoundParameters[$name] }
}

$missing = [ordered]@{}
$hosts | ForEach-Object { $missing[$_] = 'was not tried' }
for ($try = 1; $missing.Count -gt 0 -and $try -le $Tries; $try++) {
    $sessions = @()
    $listed = @{}
    try {
        # One at a time, so that a machine that is off is an error of its own.
        $sessions = @(foreach ($name in @($missing.Keys)) {
                try {
                    $session = New-PSSession -HostName $name @connection
                    # 'deploy@web1' is a session to web1.
                    $listed[$session.ComputerName] = $name
                    $session
                }
                catch { $missing[$name] = $_.Exception.Message }
            })
        if (-not $sessions) { continue }

        foreach ($result in Copy-P2PItem -LiteralPath $Path -Recurse -Destination $Destination -ToSession $sessions -Force -PassThru -ErrorAction Ignore) {
            $name = $listed[$result.Target]
            if ($result.State -ne 'Completed') {
                $missing[$name] = $result.Error
                continue
            }

            $missing.Remove($name)
            [pscustomobject]@{
                Host      = $name
                State     = $result.State
                Seconds   = [math]::Round($result.Seconds, 1)
                FromPeers = $result.Bytes ? [math]::Round($result.BytesFromPeers / $result.Bytes, 2) : 0
                Error     = $null
            }
        }
    }
    finally {
        $sessions | Remove-PSSession
    }
}

foreach ($name in $missing.Keys) {
    [pscustomobject]@{ Host = $name; State = 'Failed'; Seconds = $null; FromPeers = $null; Error = $missing[$name] }
}
if ($missing.Count -gt 0) { throw "$($missing.Count) of $($hosts.Count) machines do not have '$Path': $($missing.Keys -join ', ')." }
