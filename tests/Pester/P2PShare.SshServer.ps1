# Dot-sourced in BeforeAll, after P2PShare.TestSetup.ps1: an SSH server of this user, with keys made for it, whose subsystem is this PowerShell.
$SshProgram = Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore | Select-Object -First 1
$SshFolder = Join-Path $Folder ssh

# Returns the port. A prefix is a command that runs another one; further subsystems are the arguments of PowerShell, by name.
function Start-SshServer ([string] $Address = '127.0.0.1', [string[]] $Prefix = @(), [hashtable] $Subsystem = @{}) {
    $null = New-Item -ItemType Directory $SshFolder
    foreach ($name in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f (Join-Path $SshFolder $name) }
    Copy-Item (Join-Path $SshFolder user.pub) (Join-Path $SshFolder authorized_keys)
    $port = Get-FreePort
    # The program wants an empty folder for what runs before a login, if root starts it.
    if ((id -u) -eq 0) { $null = New-Item -ItemType Directory -Force /run/sshd }
    @(
        "Port $port", "ListenAddress $Address", "HostKey $SshFolder/host", "AuthorizedKeysFile $SshFolder/authorized_keys", "PidFile $SshFolder/pid"
        'StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PermitRootLogin prohibit-password', 'MaxStartups 100'
        $program = $PowerShell[0..($PowerShell.Count - 3)] -join ' '
        "Subsystem powershell $program -sshs -NoLogo -NoProfile"
        $Subsystem.Keys | ForEach-Object { "Subsystem $_ $program -sshs -NoLogo -NoProfile $($Subsystem[$_])" }
    ) | Set-Content (Join-Path $SshFolder sshd_config)
    $program, $rest = $Prefix + $SshProgram.Source + '-f' + (Join-Path $SshFolder sshd_config) + '-E' + (Join-Path $SshFolder log)
    & $program @rest
    $port
}

function Stop-SshServer {
    if (Test-Path (Join-Path $SshFolder pid)) { Stop-Process -Id (Get-Content (Join-Path $SshFolder pid)) }
}

function New-SshSession ([int] $Port, [int] $Count = 1, [string] $Address = '127.0.0.1', [string] $Subsystem = 'powershell') {
    $options = @{ UserKnownHostsFile = '/dev/null'; StrictHostKeyChecking = 'no'; LogLevel = 'ERROR' }
    1..$Count | ForEach-Object { New-PSSession -HostName $Address -Port $Port -KeyFilePath (Join-Path $SshFolder user) -Options $options -Subsystem $Subsystem }
}
