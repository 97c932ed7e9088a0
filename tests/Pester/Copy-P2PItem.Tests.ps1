BeforeDiscovery {
    $noServer = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    . $PSScriptRoot/P2PShare.SshServer.ps1
    if ($SshProgram) {
        $port = Start-SshServer
        $sessions = New-SshSession $port 4
        $session = $sessions[0]
    }

    function New-Place ([string] $Name) { (New-Item -ItemType Directory (Join-Path $Folder "place-$Name")).FullName }

    # Each session in a folder of its own, as on machines of their own.
    function Set-Place ([string] $Name) {
        $number = 0
        foreach ($one in $sessions) {
            $number++
            Invoke-Command -Session $one { param($place) Set-Location $place } -ArgumentList (New-Place "$Name$number")
        }
    }

    function Get-Left { Get-ChildItem ([System.IO.Path]::GetTempPath()) -Filter 'p2pshare-copy-*' }
}

AfterAll {
    if ($SshProgram) {
        $sessions | Remove-PSSession
        Stop-SshServer
    }

    Stop-Everything
}

Describe 'Copy-P2PItem' -Skip:$noServer {
    It 'copies a file to a session that has nothing installed, and leaves nothing there' {
        Invoke-Command -Session $session { Get-Module P2PShare -ListAvailable } | Should -BeNullOrEmpty
        $file = New-RandomFile 'one.bin' 3MB
        $place = New-Place one
        $before = @(Get-Left)

        $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru

        $result.State, $result.Verified, $result.Bytes, $result.BytesFromPeers, $result.Error | Should -Be 'Completed', $true, 3MB, 0, $null
        (Get-FileHash "$place/one.bin").Hash | Should -Be (Get-FileHash $file).Hash
        @(Get-Left) | Should -HaveCount $before.Count
        Get-Job | Should -BeNullOrEmpty
        Invoke-Command -Session $session { 1 } | Should -Be 1
    }

    It 'lets four targets receive from each other' {
        $file = New-RandomFile 'four.bin' 40MB
        Set-Place four

        $results = Copy-P2PItem $file.FullName -Destination . -ToSession $sessions -PassThru

        $results.State | Should -Be (@('Completed') * 4)
        $results.Target | Sort-Object -Unique | Should -HaveCount 4
        1..4 | ForEach-Object { (Get-FileHash (Join-Path $Folder "place-four$_/four.bin")).Hash } | Should -Be (@((Get-FileHash $file).Hash) * 4)
        # The sender sent it about once.
        ($results | ForEach-Object { $_.Bytes - $_.BytesFromPeers } | Measure-Object -Sum).Sum | Should -BeLessThan 100MB
    }

    It 'gives a single file the name of a destination that is no folder' {
        $file = New-RandomFile 'name.bin' 10KB
        $place = New-Place name

        Copy-P2PItem -LiteralPath $file.FullName -Destination "$place/other.bin" -ToSession $session

        Get-ChildItem $place -Name | Should -Be other.bin
    }

    It 'copies folders with -Recurse, and refuses them without' {
        $null = New-RandomFile 'tree/a.txt' 1KB
        $null = New-RandomFile 'tree/sub/b.bin' 200KB
        $place = New-Place tree

        { Copy-P2PItem (Join-Path $Folder tree) -Destination $place -ToSession $session -ErrorAction Stop } | Should -Throw -ErrorId 'CopyFailed,*'
        Copy-P2PItem (Join-Path $Folder tree) -Recurse -Destination $place -ToSession $session

        Get-ChildItem $place -Recurse -File -Name | Sort-Object | Should -Be 'tree/a.txt', 'tree/sub/b.bin'
    }

    It 'reports a target that has the file already, and copies to the others' {
        $file = New-RandomFile 'again.bin' 100KB
        Set-Place again
        $old = Join-Path $Folder 'place-again2/again.bin'
        Set-Content $old old

        $results = Copy-P2PItem $file.FullName -Destination . -ToSession $sessions -PassThru -ErrorVariable failed -ErrorAction SilentlyContinue

        $failed | Should -HaveCount 1
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'CopyFailed,*'
        "$($failed[0])" | Should -BeLike "*$($sessions[1].Name)*again.bin*"
        ($results | Where-Object State -eq Completed) | Should -HaveCount 3
        Get-Content $old | Should -Be old

        Copy-P2PItem $file.FullName -Destination . -ToSession $sessions[1] -Force
        (Get-FileHash $old).Hash | Should -Be (Get-FileHash $file).Hash
    }

    It 'collects files, each session''s below a folder of its name' {
        Set-Place from
        foreach ($number in 1, 2) { Set-Content (Join-Path $Folder "place-from$number/app.log") "log $number" }

        $results = Copy-P2PItem ./*.log -Destination (Join-Path $Folder collected) -FromSession $sessions[0, 1] -PassThru

        $results.State | Should -Be Completed, Completed
        $results | Sort-Object Target | ForEach-Object { Get-Content (Join-Path $Folder collected $_.Target app.log) } | Should -Be 'log 1', 'log 2'
    }

    It 'refuses a session in constrained language with a sentence' {
        $restricted = New-SshSession $port
        try {
            Invoke-Command -Session $restricted { $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage' }
            $file = New-RandomFile 'restricted.bin' 1KB

            { Copy-P2PItem $file.FullName -Destination /tmp -ToSession $restricted -ErrorAction Stop } | Should -Throw '*ConstrainedLanguage*full language*' -ErrorId 'CopyFailed,*'
        }
        finally { Remove-PSSession $restricted }
    }

    It 'reports a session that is closed' {
        $closed = New-SshSession $port
        Remove-PSSession $closed
        $file = New-RandomFile 'closed.bin' 1KB

        { Copy-P2PItem $file.FullName -Destination /tmp -ToSession $closed -ErrorAction Stop } | Should -Throw -ErrorId 'CopyFailed,*'
    }

    It 'copies in the background' {
        $file = New-RandomFile 'job.bin' 1MB
        $place = New-Place job

        $job = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -AsJob
        $result = $job | Wait-Job | Receive-Job

        $job.State | Should -Be Completed
        $result.State | Should -Be Completed
        Join-Path $place job.bin | Should -Exist
        Remove-Job $job
    }

    It 'opens and closes sessions to machines that are named' {
        $file = New-RandomFile 'named.bin' 10KB
        $place = New-Place named
        $options = @{ UserKnownHostsFile = '/dev/null'; StrictHostKeyChecking = 'no'; LogLevel = 'ERROR' }
        $before = @(Get-PSSession | Where-Object State -eq Opened)

        $result = Copy-P2PItem $file.FullName -Destination $place -HostName 127.0.0.1 -Port $port -KeyFilePath (Join-Path $SshFolder user) -Options $options -PassThru

        $result.State, $result.Target | Should -Be Completed, 127.0.0.1
        Join-Path $place named.bin | Should -Exist
        @(Get-PSSession | Where-Object State -eq Opened) | Should -HaveCount $before.Count
    }

    It 'leaves nothing running and no file under the final name when it is stopped, and continues' {
        $file = New-RandomFile 'stopped.bin' 200MB
        $place = New-Place stopped
        $before = @(Get-Left)

        # Slow enough to be stopped in the middle.
        $job = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -UploadLimit 4MB -AsJob
        Wait-Until { Test-Path "$place/stopped.bin.p2ppart" }
        Stop-Job $job

        $job.State | Should -Be Stopped
        Remove-Job $job
        Get-ChildItem $place -Name | Should -Be stopped.bin.p2ppart
        (Get-Item "$place/stopped.bin.p2ppart").UnixMode | Should -Be '-rw-------'
        Wait-Until { @(Get-Left).Count -eq $before.Count }
        Invoke-Command -Session $session { 'free' } | Should -Be free

        $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru
        $result.State | Should -Be Completed
        (Get-FileHash "$place/stopped.bin").Hash | Should -Be (Get-FileHash $file).Hash
        Get-ChildItem $place -Name | Should -Be stopped.bin
    }

    It 'reports a target whose session ends in the middle, and the others finish' {
        $file = New-RandomFile 'killed.bin' 60MB
        Set-Place killed
        $doomed = New-SshSession $port
        $id = Invoke-Command -Session $doomed { $PID }
        $place = New-Place doomed
        Invoke-Command -Session $doomed { param($place) Set-Location $place } -ArgumentList $place

        $job = Copy-P2PItem $file.FullName -Destination . -ToSession $doomed, $session -UploadLimit 8MB -AsJob
        Wait-Until { Test-Path "$place/killed.bin.p2ppart" }
        Stop-Process -Id $id -Force
        $results = $job | Wait-Job | Receive-Job -ErrorAction SilentlyContinue

        ($results | Where-Object State -eq Failed).Error | Should -Not -BeNullOrEmpty
        ($results | Where-Object State -eq Completed) | Should -HaveCount 1
        Get-ChildItem $place -Name | Should -Be killed.bin.p2ppart
        Remove-Job $job
        Remove-PSSession $doomed
    }

    It 'only says what it would do with -WhatIf' {
        $file = New-RandomFile 'whatif.bin' 1KB
        $place = New-Place whatif

        Copy-P2PItem $file.FullName -Destination $place -ToSession $session -WhatIf

        Get-ChildItem $place | Should -BeNullOrEmpty
    }
}
