# Dot-sourced in BeforeAll, after P2PShare.TestSetup.ps1: an SSH server of this user on loopback, with keys made for it, whose subsystem is this PowerShell.
$SshProgram = Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore | Select-Object -First 1
$SshFolder = Join-Path $Folder ssh

function Start-SshServer {
    $null = New-Item -ItemType Directory $SshFolder
    foreach ($name in 'host', 'user') { ssh-keygen -q -t ed25519 -N '' -f (Join-Path $SshFolder $name) }
    Copy-Item (Join-Path $SshFolder user.pub) (Join-Path $SshFolder authorized_keys)
    $port = Get-FreePort
    # The program wants an empty folder for what runs before a login, if root starts it.
    if ((id -u) -eq 0) { $null = New-Item -ItemType Directory -Force /run/sshd }
    @(
        "Port $port", 'ListenAddress 127.0.0.1', "HostKey $SshFolder/host", "AuthorizedKeysFile $SshFolder/authorized_keys", "PidFile $SshFolder/pid"
        'StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PermitRootLogin prohibit-password', 'MaxStartups 100'
        "Subsystem powershell $($PowerShell[0..($PowerShell.Count - 3)] -join ' ') -sshs -NoLogo -NoProfile"
    ) | Set-Content (Join-Path $SshFolder sshd_config)
    & $SshProgram.Source -f (Join-Path $SshFolder sshd_config) -E (Join-Path $SshFolder log)
    $port
}

function Stop-SshServer {
    if (Test-Path (Join-Path $SshFolder pid)) { Stop-Process -Id (Get-Content (Join-Path $SshFolder pid)) }
}

function New-SshSession ([int] $Port, [int] $Count = 1) {
    $options = @{ UserKnownHostsFile = '/dev/null'; StrictHostKeyChecking = 'no'; LogLevel = 'ERROR' }
    1..$Count | ForEach-Object { New-PSSession -HostName 127.0.0.1 -Port $Port -KeyFilePath (Join-Path $SshFolder user) -Options $options }
}
