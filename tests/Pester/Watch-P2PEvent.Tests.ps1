BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $carol = Connect-NewUser $tracker carol
    $bob = Connect-NewUser $tracker bob
    $alice = Connect-NewUser $tracker alice
    $null = New-P2PGroup dev
    $null = Join-P2PGroup dev -Session $bob
    Approve-P2PJoinRequest dev bob
    $file = New-RandomFile 'x.bin' 100KB

    # Runs a script in the background, and returns once it watches: -Verbose reports the moment from which no event is missed.
    function Start-Watch ([scriptblock] $Script, $Session, [object[]] $ArgumentList) {
        $job = Start-ThreadJob -ArgumentList $Manifest, $Script, $Session, $ArgumentList {
            param ($module, $script, $session, $arguments)
            Import-Module $module
            $PSDefaultParameterValues = @{ 'Watch-P2PEvent:Verbose' = $true; '*-P2P*:Session' = $session }
            . ([scriptblock]::Create($script)) @arguments
        }
        $deadline = [datetime]::Now.AddSeconds(30)
        while ($job.Verbose.Count -eq 0 -and $job.State -in 'NotStarted', 'Running') {
            if ([datetime]::Now -gt $deadline) { throw 'The script did not start to watch in time.' }
            Start-Sleep -Milliseconds 20
        }
        $job
    }

    function Receive-Watch ($Job) {
        $null = $Job | Wait-Job -Timeout 30
        $Job.State | Should -Be Completed
        $Job | Receive-Job -AutoRemoveJob -Wait -Verbose:$false 4> $null
    }
}

AfterAll {
    Get-Job | Where-Object PSJobTypeName -eq ThreadJob | Remove-Job -Force
    Stop-Everything
}

Describe 'Watch-P2PEvent' {
    It 'writes events, and ends at once when the next cmdlet stops the pipeline' {
        $watch = Start-Watch { Watch-P2PEvent | Select-Object -First 1 } $alice
        $null = Join-P2PGroup dev -Session $carol
        $event = Receive-Watch $watch
        $event | Should -BeOfType P2PShare.P2PEvent
        $event.Kind | Should -Be JoinRequest
        $event.Group | Should -Be dev
        $event.UserName | Should -Be carol
        $event.Name | Should -BeNullOrEmpty
        $event.Time | Should -BeGreaterThan ([datetimeoffset]::Now.AddMinutes(-5))
        Deny-P2PJoinRequest dev carol
    }

    It 'approves each join request in a pipeline with Approve-P2PJoinRequest' {
        $null = New-P2PGroup open
        $watch = Start-Watch {
            Watch-P2PEvent | Where-Object Kind -eq JoinRequest | Approve-P2PJoinRequest -PassThru | Select-Object -First 2
        } $alice
        $bob, $carol | ForEach-Object { $null = Join-P2PGroup open -Session $_ }
        (Receive-Watch $watch).UserName | Should -Be bob, carol
        (Get-P2PGroup open -Session $carol).Role | Should -Be Publisher
    }

    It 'selects by group, also with wildcards, and by kind' {
        $null = New-P2PGroup web
        $watch = Start-Watch { 'o*', 'dev' | Watch-P2PEvent -Kind FileShared, FileRemoved | Select-Object -First 3 } $alice
        'web', 'open', 'dev' | ForEach-Object { Send-P2PFile $file $_ -Name "$_.bin" }
        $null = Join-P2PGroup web -Session $bob
        Unpublish-P2PFile -Group open -Name open.bin
        (Receive-Watch $watch).ForEach('ToString') |
            Should -Be 'FileShared: open.bin in open, by alice', 'FileShared: dev.bin in dev, by alice', 'FileRemoved: open.bin in open, by alice'
    }

    It 'pipes a new file to Receive-P2PFile' {
        $watch = Start-Watch {
            Watch-P2PEvent dev -Kind FileShared | Select-Object -First 1 | Receive-P2PFile -Destination $args[0] -PassThru
        } $bob (Join-Path $Folder 'received')
        Send-P2PFile $file dev -Name site/new.bin
        $received = Receive-Watch $watch
        $received.FullName | Should -Be (Join-Path $Folder received site new.bin)
        (Get-FileHash $received.FullName).Hash | Should -Be (Get-FileHash $file.FullName).Hash
    }

    It 'pipes an event''s file to Get-P2PFile' {
        $watch = Start-Watch { Watch-P2PEvent dev -Kind FileShared | Select-Object -First 1 } $bob
        Send-P2PFile $file dev -Name site/newer.bin
        $found = Receive-Watch $watch | Get-P2PFile -Session $bob
        $found.Name | Should -Be site/newer.bin
        $found.Size | Should -Be 100KB
    }

    It 'reports the answer to the user who asked to join' {
        $null = New-P2PGroup closed
        $watch = Start-Watch { $null = Join-P2PGroup closed; Watch-P2PEvent closed -Kind JoinApproved, JoinDenied | Select-Object -First 1 } $carol
        Deny-P2PJoinRequest closed carol
        (Receive-Watch $watch).Kind | Should -Be JoinDenied
    }

    It 'ends at once when it is stopped' {
        $watch = Start-Watch { Watch-P2PEvent } $alice
        (Measure-Command { $watch | Stop-Job }).TotalSeconds | Should -BeLessThan 3
        $watch.State | Should -Be Stopped
        $watch | Remove-Job
    }

    It 'continues after its tracker was restarted' {
        $port = ([uri]"https://$($tracker.Address)").Port
        $watch = Start-Watch { Watch-P2PEvent dev -Kind MemberLeft | Select-Object -First 1 } $alice
        Stop-P2PTracker
        $script:tracker = Start-P2PTracker -Port $port -DataPath (Join-Path $Folder tracker)
        Exit-P2PGroup dev -Session $bob
        (Receive-Watch $watch).UserName | Should -Be bob
    }

    It 'writes an error per missing group, and watches the others' {
        { Watch-P2PEvent nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'GroupNotFound,*'
        $watch = Start-Watch { 'nowhere', 'dev' | Watch-P2PEvent -ErrorAction SilentlyContinue | Select-Object -First 1 } $alice
        Send-P2PFile $file dev -Name last.bin
        (Receive-Watch $watch).Name | Should -Be last.bin
    }

    It 'has a table and a list' {
        $watch = Start-Watch { Watch-P2PEvent | Select-Object -First 1 } $alice
        Unpublish-P2PFile -Group dev -Name last.bin
        $event = Receive-Watch $watch
        $event | Out-String | Should -Match '(?m)^Time +Kind +Group +UserName +Name'
        $event | Out-String | Should -Match 'FileRemoved +dev +alice +last\.bin'
        $event | Format-List | Out-String | Should -Match 'Kind +: FileRemoved'
    }
}
