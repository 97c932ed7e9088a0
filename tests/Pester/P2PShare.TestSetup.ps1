# Dot-sourced in BeforeAll: the built module, and what the tests have in common.
Set-StrictMode -Version Latest
Import-Module (Join-Path $PSScriptRoot '..' '..' 'out' 'P2PShare' 'P2PShare.psd1') -Force

# Every test file has a tracker and folders of its own.
$Password = ConvertTo-SecureString 'correct horse battery' -AsPlainText

function Get-FreePort {
    $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
    $listener.Start()
    try { $listener.LocalEndpoint.Port } finally { $listener.Stop() }
}

function Start-TestTracker {
    Start-P2PTracker -Port (Get-FreePort) -DataPath (Join-Path $TestDrive 'tracker')
}

# Makes an account and connects; each person has a state folder of their own.
function Connect-NewUser ($Tracker, [string] $UserName) {
    $arguments = @{
        Tracker     = $Tracker.Address
        Fingerprint = $Tracker.Fingerprint
        Credential  = [pscredential]::new($UserName, $Password)
        StatePath   = Join-Path $TestDrive $UserName
    }
    $null = New-P2PUser @arguments
    Connect-P2PTracker @arguments
}

function New-RandomFile ([string] $Name, [long] $Size) {
    $path = Join-Path $TestDrive $Name
    $null = New-Item -ItemType Directory -Force (Split-Path $path)
    [System.IO.File]::WriteAllBytes($path, [System.Security.Cryptography.RandomNumberGenerator]::GetBytes($Size))
    Get-Item -LiteralPath $path
}

# Takes down what a test file started, in the order that leaves nobody waiting.
function Stop-Everything {
    Get-P2PSession | Disconnect-P2PTracker -WarningAction Ignore
    Stop-P2PTracker
    Get-Job | Where-Object PSJobTypeName -like 'P2P*' | Remove-Job -Force
}
