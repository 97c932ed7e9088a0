# Dot-sourced in BeforeAll: the built module and the functions that the tests share.
Set-StrictMode -Version Latest
$Manifest = [System.IO.Path]::GetFullPath((Join-Path $PSScriptRoot '..' '..' 'out' 'P2PShare' 'P2PShare.psd1'))
Import-Module $Manifest -Force

# Every test file has its own tracker and folder: TestDrive loses its files at the end of each Describe, and shared files
# have to stay.
$Folder = Join-Path ([System.IO.Path]::GetTempPath()) "p2pshare-pester-$([guid]::NewGuid().ToString('n'))"
$null = New-Item -ItemType Directory $Folder
$Password = ConvertTo-SecureString 'correct horse battery' -AsPlainText

# Not from the ports that the system gives to connections and to listeners that ask for any port: one of those would often be taken
# before the caller listens on it.
function Get-FreePort {
    while ($true) {
        $port = Get-Random -Minimum 10000 -Maximum 32000
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, $port)
        try { $listener.Start(); return $port } catch [System.Net.Sockets.SocketException] { } finally { $listener.Stop() }
    }
}

function Start-TestTracker {
    Start-P2PTracker -Port (Get-FreePort) -DataPath (Join-Path $Folder 'tracker')
}

# Creates an account and connects; each user has a separate state folder.
function Connect-NewUser ($Tracker, [string] $UserName) {
    $arguments = @{
        Tracker     = $Tracker.Address
        Fingerprint = $Tracker.Fingerprint
        Credential  = [pscredential]::new($UserName, $Password)
        StatePath   = Join-Path $Folder $UserName
    }
    $null = New-P2PUser @arguments
    Connect-P2PTracker @arguments
}

function New-RandomFile ([string] $Name, [long] $Size) {
    $path = Join-Path $Folder $Name
    $null = New-Item -ItemType Directory -Force (Split-Path $path)
    [System.IO.File]::WriteAllBytes($path, [System.Security.Cryptography.RandomNumberGenerator]::GetBytes($Size))
    Get-Item -LiteralPath $path
}

# Alice owns the groups; Bob is a member and has the default session.
function Connect-AliceAndBob ($Tracker) {
    $alice = Connect-NewUser $Tracker alice
    $null = New-P2PGroup dev, ops
    $bob = Connect-NewUser $Tracker bob
    $null = Join-P2PGroup dev, ops
    Get-P2PJoinRequest -Session $alice | Approve-P2PJoinRequest -Session $alice
    $alice, $bob
}

# Three users. Alice has the default session and owns the group, if one is named; the others are members.
function Connect-AliceBobAndCarol ($Tracker, [string] $Group) {
    $bob = Connect-NewUser $Tracker bob
    $carol = Connect-NewUser $Tracker carol
    $alice = Connect-NewUser $Tracker alice
    if ($Group) {
        $null = New-P2PGroup $Group
        $bob, $carol | ForEach-Object { $null = Join-P2PGroup $Group -Session $_ }
        Approve-P2PJoinRequest $Group *
    }

    $alice, $bob, $carol
}

function Wait-Until ([scriptblock] $Condition) {
    $deadline = (Get-Date).AddSeconds(30)
    while (-not (& $Condition)) {
        if ((Get-Date) -gt $deadline) { throw "The condition did not hold within 30 seconds: $Condition" }
        Start-Sleep -Milliseconds 50
    }
}

# Stops everything that a test file started, clients before the tracker so that none waits for it.
function Stop-Everything {
    Get-P2PSession | Disconnect-P2PTracker -WarningAction Ignore
    Stop-P2PTracker
    Get-Job | Where-Object PSJobTypeName -like 'P2P*' | Remove-Job -Force
    Remove-Item -LiteralPath $Folder -Recurse -Force
}

# The command line of this PowerShell. As a .NET tool it is 'dotnet pwsh.dll': the tool's own 'pwsh' starts that as a second process.
$PowerShell = @(
    [System.Environment]::ProcessPath
    if ((Split-Path ([System.Environment]::ProcessPath) -LeafBase) -eq 'dotnet') { Join-Path $PSHOME pwsh.dll }
    '-NoProfile', '-NonInteractive'
)

# Runs a script in a new PowerShell process, whose default load context is empty; returns its output and errors as lines.
# A prefix is a command that runs another one.
function Invoke-NewShell ([scriptblock] $Script, [string[]] $ArgumentList = @(), [string[]] $Prefix = @()) {
    $file = Join-Path $Folder "$([guid]::NewGuid().ToString('n')).ps1"
    Set-Content -LiteralPath $file "Set-StrictMode -Version Latest; `$ErrorActionPreference = 'Stop'`n& {$Script} @args"
    $program, $rest = $Prefix + $PowerShell + '-File' + $file + $ArgumentList
    & $program @rest 2>&1 | ForEach-Object { "$_" }
}

# Starts a script's file in a new PowerShell process, with its output in a file; returns the process.
function Start-NewShell ([string] $File, [string[]] $ArgumentList, [string] $OutputPath) {
    $program, $rest = $PowerShell + '-File' + $File + $ArgumentList
    Start-Process $program ($rest -replace '.*\s.*', '"$0"') -PassThru -RedirectStandardOutput $OutputPath -RedirectStandardError "$OutputPath.err"
}
