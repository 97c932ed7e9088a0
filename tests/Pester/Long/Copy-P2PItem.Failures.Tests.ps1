# Run by hand: it takes minutes, and its sessions need a machine that is not busy.
BeforeDiscovery {
    $noServer = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore)
    # A disk of a few MiB.
    $noDisk = $noServer -or -not $IsLinux -or (id -u) -ne 0
}

BeforeAll {
    . $PSScriptRoot/../P2PShare.TestSetup.ps1
    . $PSScriptRoot/../P2PShare.SshServer.ps1
    if ($SshProgram) {
        # What an endpoint of JEA is made of, with no language at all.
        $configuration = Join-Path $Folder jea.pssc
        New-PSSessionConfigurationFile $configuration -SessionType RestrictedRemoteServer -LanguageMode NoLanguage
        $port = Start-SshServer -Subsystem @{ jea = "-ConfigurationFile $configuration" }
        $key = Join-Path $SshFolder user
    }

    function New-Place ([string] $Name) { (New-Item -ItemType Directory (Join-Path $Folder "place-$Name")).FullName }

    function Get-Left { Get-ChildItem ([System.IO.Path]::GetTempPath()) -Filter 'p2pshare-copy-*' | ForEach-Object FullName }

    # Processes of a command line, by a word in it.
    function Get-ProcessOf ([string] $Word) {
        Get-ChildItem /proc -Directory | Where-Object Name -Match '^\d+$' |
            Where-Object { (Get-Content "/proc/$($_.Name)/cmdline" -Raw -ErrorAction Ignore) -like "*$Word*" } | ForEach-Object { [int] $_.Name }
    }

    # A sender in a process of its own, in the middle of a copy.
    function Start-Sender ([string] $File, [string] $Place) {
        $script = Join-Path $Folder 'sender.ps1'
        Set-Content $script @'
param($manifest, $port, $key, $file, $place)
$ErrorActionPreference = 'Stop'
Import-Module $manifest
$options = @{ UserKnownHostsFile = '/dev/null'; StrictHostKeyChecking = 'no'; LogLevel = 'ERROR' }
$session = New-PSSession -HostName 127.0.0.1 -Port $port -KeyFilePath $key -Options $options
Copy-P2PItem $file -Destination $place -ToSession $session -UploadLimit 4MB
'@
        $process = Start-NewShell $script @($Manifest, $port, $key, $File, $Place) (Join-Path $Folder 'sender.log')
        $part = Join-Path $Place "$(Split-Path -Leaf $File).p2ppart"
        Wait-Until { (Test-Path $part) -or $process.HasExited }
        if ($process.HasExited) { throw "The sender ended: $(Get-Content (Join-Path $Folder sender.log*))" }
        $process
    }
}

AfterAll {
    if ($SshProgram) { Stop-SshServer }
    Stop-Everything
}

Describe 'Copy-P2PItem, when things go wrong' -Skip:$noServer {
    It 'leaves no file under the final name and nothing running when the sender is <How>, and continues' -TestCases @(
        @{ How = 'killed'; Signal = 'KILL' }
        @{ How = 'interrupted'; Signal = 'INT' }
    ) {
        $file = New-RandomFile "$How.bin" 100MB
        $place = New-Place $How
        $before = @(Get-Left)
        $sender = Start-Sender $file.FullName $place
        $there = @(Get-Left | Where-Object { $_ -notin $before })
        $there | Should -Not -BeNullOrEmpty

        kill "-$Signal" $sender.Id
        $sender.WaitForExit(30000) | Should -BeTrue

        Wait-Until { -not ($there | ForEach-Object { Get-ProcessOf $_ }) }
        Get-ChildItem $place -Name | Should -Be "$How.bin.p2ppart"
        if ($Signal -eq 'INT') { Wait-Until { -not (Get-Left | Where-Object { $_ -in $there }) } }
        # What a killed one left is old enough to be removed.
        foreach ($left in Get-Left | Where-Object { $_ -in $there }) { [System.IO.Directory]::SetLastWriteTimeUtc($left, [datetime]::UtcNow.AddHours(-1)) }

        $session = New-SshSession $port
        $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru
        Remove-PSSession $session

        $result.State, $result.Error | Should -Be Completed, $null
        (Get-FileHash "$place/$How.bin").Hash | Should -Be (Get-FileHash $file).Hash
        Get-ChildItem $place -Name | Should -Be "$How.bin"
        Get-Left | Where-Object { $_ -in $there } | Should -BeNullOrEmpty
    }

    It 'names a disk that fills, leaves only the part file there, and continues when there is room' -Skip:$noDisk {
        $file = New-RandomFile 'full.bin' 40MB
        $place = New-Place full
        mount -t tmpfs -o size=16m tmpfs $place
        $session = New-SshSession $port
        try {
            $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru -ErrorVariable failed -ErrorAction SilentlyContinue

            $result.State | Should -Be Failed
            $result.Error | Should -BeLike '*space*'
            $failed | Should -HaveCount 1
            Get-ChildItem $place -Name | Where-Object { $_ -notlike 'full.bin.p2ppart*' } | Should -BeNullOrEmpty

            mount -o remount,size=64m $place
            $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru
            $result.State, $result.Error | Should -Be Completed, $null
            (Get-FileHash "$place/full.bin").Hash | Should -Be (Get-FileHash $file).Hash
            Get-ChildItem $place -Name | Should -Be full.bin
        }
        finally {
            Remove-PSSession $session
            umount $place
        }
    }

    It 'copies to twelve targets, which receive from each other' {
        $file = New-RandomFile 'twelve.bin' 24MB
        $sessions = New-SshSession $port 12
        foreach ($number in 1..12) {
            Invoke-Command -Session $sessions[$number - 1] { param($place) Set-Location $place } -ArgumentList (New-Place "twelve$number")
        }

        $results = Copy-P2PItem $file.FullName -Destination . -ToSession $sessions -PassThru
        Remove-PSSession $sessions

        $results | Where-Object Error | Should -BeNullOrEmpty
        $results.State | Should -Be (@('Completed') * 12)
        1..12 | ForEach-Object { (Get-FileHash (Join-Path $Folder "place-twelve$_/twelve.bin")).Hash } | Should -Be (@((Get-FileHash $file).Hash) * 12)
        # What two targets ask for in the same moment is sent to both.
        ($results | Where-Object BytesFromPeers -gt 0) | Should -Not -BeNullOrEmpty
    }

    It 'refuses an endpoint without a language, before anything is sent' {
        $session = New-SshSession $port -Subsystem jea
        $file = New-RandomFile 'jea.bin' 1KB
        try {
            { Copy-P2PItem $file.FullName -Destination /tmp -ToSession $session -ErrorAction Stop } | Should -Throw '*full language*' -ErrorId 'CopyFailed,*'
        }
        finally { Remove-PSSession $session }
    }

    It 'copies to as many machines at a time as -ThrottleLimit says' {
        $file = New-RandomFile 'throttle.bin' 100KB
        $sessions = New-SshSession $port 2
        foreach ($number in 1, 2) {
            Invoke-Command -Session $sessions[$number - 1] { param($place) Set-Location $place } -ArgumentList (New-Place "throttle$number")
        }

        $results = Copy-P2PItem $file.FullName -Destination . -ToSession $sessions -PassThru -ThrottleLimit 1
        Remove-PSSession $sessions

        $results.State | Should -Be Completed, Completed
        # Together they take as long; the second began when the first, which also waited for the tracker, had all.
        $results[1].Seconds | Should -BeGreaterThan (1.3 * $results[0].Seconds)
    }
}
