BeforeDiscovery {
    $noServer = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $samples = Join-Path $PSScriptRoot '..' '..' 'samples'
    $tracker = Start-TestTracker
    $alice = Connect-NewUser $tracker alice
    $bob = Connect-NewUser $tracker bob
    $carol = Connect-NewUser $tracker carol
    $dave = Connect-NewUser $tracker dave
}

AfterAll {
    Stop-Everything
}

Describe 'Initialize-P2PGroups.ps1' {
    BeforeAll {
        $csv = Join-Path $Folder groups.csv
        Set-Content $csv 'Group,User,Role', 'builds,alice,', 'builds,bob,Owner', 'web,alice,Owner', 'web,carol,'
        function Invoke-Sample ([hashtable] $Arguments = @{}) {
            & $samples/Initialize-P2PGroups.ps1 -Path $csv -Session $alice @Arguments | ForEach-Object { "$($_.Group) $($_.User) $($_.Action)" }
        }
    }

    It 'does nothing with -WhatIf' {
        Invoke-Sample @{ WhatIf = $true } | Should -BeNullOrEmpty
        Get-P2PGroup -Session $alice | Should -BeNullOrEmpty
    }

    It 'creates the groups and lists the users who have not asked yet' {
        Invoke-Sample | Should -Be 'builds alice Created', 'builds bob Waiting', 'web alice Created', 'web carol Waiting'
        Invoke-Sample | Should -Be 'builds bob Waiting', 'web carol Waiting'
    }

    It 'approves named users who have asked, and denies others only with -DenyOthers' {
        $null = Join-P2PGroup web -Session $carol
        $null = Join-P2PGroup web -Session $dave
        Invoke-Sample | Should -Be 'builds bob Waiting', 'web carol Approved'
        Invoke-Sample @{ DenyOthers = $true } | Should -Be 'builds bob Waiting', 'web dave Denied'
    }

    It 'removes others only with -RemoveOthers' {
        $null = Join-P2PGroup web -Session $dave
        Approve-P2PJoinRequest web dave -Session $alice
        Invoke-Sample | Should -Be 'builds bob Waiting'
        Invoke-Sample @{ RemoveOthers = $true } | Should -Be 'builds bob Waiting', 'web dave Removed'
        (Get-P2PGroupMember web -Session $alice).UserName | Should -Be alice, carol
    }

    It 'hands a group over to a member' {
        $null = Join-P2PGroup builds -Session $bob
        Invoke-Sample | Should -Be 'builds bob Approved', 'builds bob HandedOver'
        (Get-P2PGroup builds -Session $bob).Owner | Should -Be bob
    }

    It 'reports an error in the file' {
        $bad = Join-Path $Folder bad.csv
        Set-Content $bad 'Group,Name', 'web,alice'
        { & $samples/Initialize-P2PGroups.ps1 $bad -Session $alice } | Should -Throw "*has no column 'User'*"
    }
}

Describe 'Publish-Build.ps1 and Receive-Build.ps1' {
    BeforeAll {
        $null = New-P2PGroup releases -Session $alice
        $null = Join-P2PGroup releases -Session $carol
        Approve-P2PJoinRequest releases carol -Session $alice
        $null = 'app.bin', 'lib/part [1].bin' | ForEach-Object { New-RandomFile "out/app-1.0/$_" 50KB; New-RandomFile "out/app-1.1/$_" 50KB }
        $target = Join-Path $Folder received
    }

    It 'share a folder, and receive the newest build' {
        $first = & $samples/Publish-Build.ps1 (Join-Path $Folder out/app-1.0) releases -Session $alice
        $first.Build, $first.Files, $first.Size | Should -Be 'app-1.0', 2, 100KB
        # The tracker's times are whole seconds.
        $second = [datetimeoffset]::UtcNow.ToUnixTimeSeconds()
        Wait-Until { [datetimeoffset]::UtcNow.ToUnixTimeSeconds() -gt $second }
        $null = & $samples/Publish-Build.ps1 (Join-Path $Folder out/app-1.1) releases -Session $alice

        $received = & $samples/Receive-Build.ps1 releases -Destination $target -Session $carol
        $received.Build, $received.Files, $received.Changed | Should -Be 'app-1.1', 2, 2
        (Get-FileHash -LiteralPath (Join-Path $target 'app-1.1/lib/part [1].bin')).Hash |
            Should -Be (Get-FileHash -LiteralPath (Join-Path $Folder 'out/app-1.1/lib/part [1].bin')).Hash
        Test-Path (Join-Path $target app-1.0) | Should -BeFalse
    }

    It 'receive a named build, and repair damaged files' {
        $received = & $samples/Receive-Build.ps1 releases app-1.0 -Destination $target -Session $carol
        $received.Build, $received.Changed | Should -Be 'app-1.0', 2
        Set-Content (Join-Path $target app-1.0/app.bin) damaged
        (& $samples/Receive-Build.ps1 releases app-1.0 -Destination $target -Session $carol).Changed | Should -Be 1
    }

    It 'wait until enough machines have the build' {
        (& $samples/Publish-Build.ps1 (Join-Path $Folder out/app-1.1) releases -Machines 2 -TimeoutSec 30 -Session $alice).Machines | Should -Be 2
        { & $samples/Publish-Build.ps1 (Join-Path $Folder out/app-1.1) releases -Machines 3 -TimeoutSec 1 -Session $alice } | Should -Throw '2 of 3 machines*'
    }

    It 'throw if there is no build' {
        { & $samples/Receive-Build.ps1 releases other-* -Destination $target -Session $carol } | Should -Throw '*no build like*'
        { & $samples/Publish-Build.ps1 (Join-Path $Folder out/app-1.1/app.bin) releases -Session $alice } | Should -Throw '*is a file*'
    }
}

Describe 'Start-P2PMirror.ps1' {
    BeforeAll {
        $null = New-P2PGroup mirrored -Session $alice
        $null = Join-P2PGroup mirrored -Session $dave
        Approve-P2PJoinRequest mirrored dave -Session $alice
        $credential = Join-Path $Folder mirror.xml
        [pscredential]::new('dave', $Password) | Export-Clixml $credential
        $mirror = Join-Path $Folder 'a mirror'
        $log = Join-Path $Folder mirror.log
    }

    It 'follows the group in a separate process until it is stopped' {
        $arguments = '-Tracker', $tracker.Address,
            '-Fingerprint', $tracker.Fingerprint, '-CredentialPath', $credential, '-Group', 'mirrored', '-Destination', $mirror, '-Delete',
            '-StatePath', (Join-Path $Folder mirrorstate)
        $before = $env:PSModulePath
        $env:PSModulePath = (Join-Path $PSScriptRoot '..' '..' 'out') + [IO.Path]::PathSeparator + $before
        try { $process = Start-NewShell (Join-Path $samples Start-P2PMirror.ps1) $arguments $log }
        finally { $env:PSModulePath = $before }
        try {
            $null = New-RandomFile mirrored.bin 30KB | Send-P2PFile -Group mirrored -Session $alice
            Wait-Until { Test-Path (Join-Path $mirror mirrored.bin) }
            Unpublish-P2PFile mirrored mirrored.bin -Session $alice -Confirm:$false
            Wait-Until { -not (Test-Path (Join-Path $mirror mirrored.bin)) }
            Wait-Until { (Get-Content $log) -contains 'Deleted mirrored.bin (30720 bytes)' }
            Get-Content $log | Should -Contain 'Received mirrored.bin (30720 bytes)'
        } finally {
            Stop-Process -Id $process.Id
            $process.WaitForExit(20000) | Should -BeTrue
        }
    }
}

Describe 'Copy-Image.ps1' -Skip:$noServer {
    BeforeAll {
        . $PSScriptRoot/P2PShare.SshServer.ps1
        $port = Start-SshServer
        $ssh = @{
            Port = $port; KeyFilePath = Join-Path $SshFolder user
            Options = @{ UserKnownHostsFile = '/dev/null'; StrictHostKeyChecking = 'no'; LogLevel = 'ERROR' }
        }
        $image = New-RandomFile image.bin 300KB
        $there = New-Item -ItemType Directory (Join-Path $Folder images)
        $list = Join-Path $Folder hosts.txt
    }

    AfterAll { Stop-SshServer }

    It 'brings an image to each machine that answers, and throws with the names of the others' {
        # Nothing listens at the second address.
        Set-Content $list '# web', ' 127.0.0.1 ', '', '127.0.0.9'
        $results = [System.Collections.Generic.List[object]]::new()

        { & $samples/Copy-Image.ps1 $image.FullName $list $there.FullName -Tries 1 @ssh | ForEach-Object { $results.Add($_) } } |
            Should -Throw '1 of 2 machines do not have*127.0.0.9.'

        $results | ForEach-Object { "$($_.Host) $($_.State) $($_.FromPeers)" } | Should -Be '127.0.0.1 Completed 0', '127.0.0.9 Failed '
        $results[1].Error | Should -Not -BeNullOrEmpty
        (Get-FileHash (Join-Path $there image.bin)).Hash | Should -Be (Get-FileHash $image).Hash
    }

    It 'refuses a list that names nothing, and does nothing with -WhatIf' {
        Set-Content $list '# nothing'
        { & $samples/Copy-Image.ps1 $image.FullName $list $there.FullName @ssh } | Should -Throw '*names no host*'
        Set-Content $list '127.0.0.9'
        & $samples/Copy-Image.ps1 $image.FullName $list $there.FullName -WhatIf @ssh | Should -BeNullOrEmpty
    }
}
