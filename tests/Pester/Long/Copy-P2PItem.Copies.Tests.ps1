# Run by hand: it takes minutes, and its sessions need a machine that is not busy.
BeforeDiscovery {
    $noServer = -not (Get-Command sshd, /usr/sbin/sshd -CommandType Application -ErrorAction Ignore)
}

BeforeAll {
    . $PSScriptRoot/../P2PShare.TestSetup.ps1
    . $PSScriptRoot/../P2PShare.SshServer.ps1
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

    $Assembly = (Get-Command Copy-P2PItem).ImplementingType.Assembly

    function Get-CopyType ([string] $Name) { $Assembly.GetType("P2PShare.Cmdlets.Copying.$Name", $true) }

    # A session whose engine is followed, or replaced, by a class of the test's: the machine of somebody who does not do what the sender says.
    function New-HostileSession ([string] $HandleBody) {
        $hostile = New-SshSession $port
        # The first copy loads the engine.
        $null = Copy-P2PItem (New-RandomFile "honest-$([guid]::NewGuid().ToString('n')).bin" 1KB).FullName -Destination (New-Place "honest-$([guid]::NewGuid().ToString('n'))") -ToSession $hostile
        $packages = (New-Item -ItemType Directory (Join-Path $Folder "package-$([guid]::NewGuid().ToString('n'))")).FullName
        $platform = "linux-$([System.Runtime.InteropServices.RuntimeInformation]::ProcessArchitecture)".ToLowerInvariant()
        $package = (Get-CopyType EnginePackage).GetMethod('Create').Invoke($null, @([string] (Split-Path $Assembly.Location), [string] $platform, [string] $packages))
        Invoke-Command -Session $hostile {
            param($key, $body)
            [AppDomain]::CurrentDomain.SetData('Honest', [AppDomain]::CurrentDomain.GetData($key))
            if (-not [AppDomain]::CurrentDomain.GetData('Honest')) { throw "There is no engine '$key'." }
            Invoke-Expression @"
class HostileAgent {
    [object] `$Inner
    HostileAgent([string] `$folder, [string] `$address) { `$this.Inner = [AppDomain]::CurrentDomain.GetData('Honest')::new(`$folder, `$address) }
    [object] Handle([object] `$message) { $body }
    [void] Dispose() { `$this.Inner.Dispose() }
}
[AppDomain]::CurrentDomain.SetData('$key', [HostileAgent])
"@
        } -ArgumentList "P2PShare.Copying.$($package.Hash)", $HandleBody
        $hostile
    }

    # Whether a part file of random bytes has some MiB of them. The engine holds it open for itself alone, which other programs do not look at.
    function Test-HasBytes ([string] $Path) { [long](sh -c "tr -d '\0' < '$Path' | wc -c") -gt 4MB }

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
    It 'lets four targets receive from each other' {
        $file = New-RandomFile 'four.bin' 40MB
        Set-Place four

        # Without a limit the sender is as near as the others, and is asked as often.
        $results = Copy-P2PItem $file.FullName -Destination . -ToSession $sessions -UploadLimit 8MB -PassThru

        $results.State | Should -Be (@('Completed') * 4)
        $results.Target | Sort-Object -Unique | Should -HaveCount 4
        1..4 | ForEach-Object { (Get-FileHash (Join-Path $Folder "place-four$_/four.bin")).Hash } | Should -Be (@((Get-FileHash $file).Hash) * 4)
        # The sender sent it about once: what two targets ask for in the same moment it sends to both.
        ($results | ForEach-Object { $_.Bytes - $_.BytesFromPeers } | Measure-Object -Sum).Sum | Should -BeLessThan (1.6 * 40MB)
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
        $before = @(Get-Left | ForEach-Object FullName)

        # Slow enough to be stopped in the middle.
        $job = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -UploadLimit 4MB -AsJob
        Wait-Until { Test-Path "$place/stopped.bin.p2ppart" }
        Wait-Until { Test-HasBytes "$place/stopped.bin.p2ppart" }
        Stop-Job $job

        $job.State | Should -Be Stopped
        Remove-Job $job
        Get-ChildItem $place -Name | Should -Be stopped.bin.p2ppart
        (Get-Item "$place/stopped.bin.p2ppart").UnixMode | Should -Be '-rw-------'
        Wait-Until { -not (Get-Left | ForEach-Object FullName | Where-Object { $_ -notin $before }) }
        Invoke-Command -Session $session { 'free' } | Should -Be free

        $result = Copy-P2PItem $file.FullName -Destination $place -ToSession $session -PassThru
        $result.State | Should -Be Completed
        $result.BytesReused | Should -BeGreaterThan 0
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

    It 'gives a target nothing that another target shares' {
        $evil = New-RandomFile 'evil.sh' 1KB
        $file = New-RandomFile 'good.bin' 300KB
        $hostile = New-HostileSession "if (`$message.Start) { `$message['Destination'] = `$null; `$message['Paths'] = @('$($evil.FullName)') }; return `$this.Inner.Handle(`$message)"
        try {
            $place = New-Place good

            # One after the other: the first is a member when the second comes.
            $results = Copy-P2PItem $file.FullName -Destination $place -ToSession $hostile, $session -ThrottleLimit 1 -PassThru

            $results.State | Should -Be Completed, Completed
            # The first has shared its own, and received nothing.
            $results[0].Bytes, $results[1].Bytes | Should -Be 1KB, 300KB
            Get-ChildItem $place -Name | Should -Be good.bin
        }
        finally { Remove-PSSession $hostile }
    }

    It 'knows whether a name, a size, a content or an attribute is another one than the sender shared' {
        $make = {
            param($name = 'a.txt', $size = 5, $root = ('a' * 64), $executable = $false, $modified = '2026-01-01')
            $response = $Protocol.GetType('P2PShare.Protocol.Tracker.FileResponse', $true)
            $hash = $Protocol.GetType('P2PShare.Protocol.Hash256', $true).GetMethod('Parse', [type[]] @([string])).Invoke($null, @($root))
            $response.GetConstructors()[0].Invoke(@([guid]::Empty, 'copy', $name, [long] $size, 16384, $hash, 'sender', 1, [DateTimeOffset]::MinValue, [DateTimeOffset] $modified, [bool] $executable, $null, $null))
        }
        $Protocol = [System.Reflection.Assembly]((Get-CopyType CopyListing).GetMethod('Of').GetParameters()[0].ParameterType.GenericTypeArguments[0].Assembly)
        $list = {
            $array = [array]::CreateInstance($Protocol.GetType('P2PShare.Protocol.Tracker.FileResponse', $true), $args.Count)
            for ($index = 0; $index -lt $args.Count; $index++) { $array.SetValue($args[$index], $index) }
            (Get-CopyType CopyListing).GetMethod('Of').Invoke($null, @(, $array)).Digest
        }
        $one = & $make
        $two = & $make -name b.txt
        $digest = & $list $one

        & $list (& $make) | Should -Be $digest
        & $list $one $two | Should -Be (& $list $two $one)
        foreach ($other in (& $make -name A.txt), (& $make -size 6), (& $make -root ('b' * 64)), (& $make -executable $true), (& $make -modified '2026-01-02')) {
            & $list $other | Should -Not -Be $digest
        }
        & $list $one $two | Should -Not -Be $digest
    }

    It 'reports a session of which not everything could be collected, and keeps the rest' {
        Set-Place partly
        Set-Content (Join-Path $Folder place-partly1/there.log) there

        $result = Copy-P2PItem -LiteralPath there.log, missing.log -Destination (Join-Path $Folder partly) -FromSession $session -PassThru -ErrorVariable failed -ErrorAction SilentlyContinue

        $result.State, $result.Verified | Should -Be Failed, $false
        $result.Error | Should -BeLike '*missing.log*'
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'CopyFailed,*'
        Get-Content (Join-Path $Folder partly $result.Target there.log) | Should -Be there
    }

    It 'gives each of several sessions a result and a folder of its own, whatever their names' {
        $twins = New-SshSession $port 2
        try {
            $twins | ForEach-Object { $_.Name = 'twin' }
            foreach ($number in 1, 2) {
                $place = New-Place "twin$number"
                Set-Content "$place/app.log" "twin $number"
                Invoke-Command -Session $twins[$number - 1] { param($place) Set-Location $place } -ArgumentList $place
            }

            $results = Copy-P2PItem ./app.log -Destination (Join-Path $Folder twins) -FromSession $twins -PassThru

            $results.State | Should -Be Completed, Completed
            Get-ChildItem (Join-Path $Folder twins) -Recurse -File | Get-Content | Sort-Object | Should -Be 'twin 1', 'twin 2'
        }
        finally { Remove-PSSession $twins }
    }

    It 'makes names of folders that differ, of any names' {
        $target = [System.ValueTuple[string, string]]
        $names = Get-CopyType TargetNames
        $targets = foreach ($one in @('host', 'a'), @('HOST', 'a'), @('a:b', 'x'), @('a;b', 'x'), @('...', 'x'), @('. .', 'x'), @(('n' * 300), 'x'), @(('n' * 299), 'x')) { $target::new($one[0], $one[1]) }

        $made = $names.GetMethod('Make').Invoke($null, @(, [System.ValueTuple[string, string][]] $targets))

        $folders = $made | ForEach-Object { $names.GetMethod('ToFolder').Invoke($null, @([string] $_)) }
        $folders | Should -HaveCount 8
        @($folders | Sort-Object -Unique) | Should -HaveCount 8
        $folders | Should -Not -Contain ''
        $made[0, 1, 2] | Should -Be 'host (a)', 'HOST (a) 2', 'a:b'
    }

    It 'gives up a target that answers and does not <what>' -TestCases @(
        @{ What = 'join'; Patience = 'JoinPatience'; Answer = "return @{ State = 'Joining' }"; Sentence = '*did not join within*' }
        @{ What = 'advance'; Patience = 'CopyPatience'; Sentence = '*did not advance for*'
            Answer = "`$answer = `$this.Inner.Handle(`$message); if (`$answer.State -eq 'Serving') { `$answer.State = 'Copying' }; return `$answer" }
    ) {
        $file = New-RandomFile "patience-$What.bin" 1KB
        $hostile = New-HostileSession $Answer
        $property = (Get-CopyType CopyTarget).GetProperty($Patience)
        $before = $property.GetValue($null)
        $property.SetValue($null, [timespan]::FromSeconds(5))
        try {
            $results = Copy-P2PItem $file.FullName -Destination (New-Place "patience-$What") -ToSession $hostile -PassThru -ErrorAction SilentlyContinue

            $results.State | Should -Be Failed
            $results.Error | Should -BeLike $Sentence
        }
        finally {
            $property.SetValue($null, $before)
            Remove-PSSession $hostile
        }
    }

    It 'reports each target, whatever goes wrong on this machine' {
        $module = Join-Path $Folder broken/P2PShare
        Copy-Item (Split-Path $Manifest) $module -Recurse
        # The engine cannot be packed.
        $null = New-Item -ItemType SymbolicLink (Join-Path $module engine/Broken.dll) -Target (Join-Path $Folder nowhere)
        $file = New-RandomFile 'broken.bin' 1KB

        $lines = Invoke-NewShell {
            param($module, $port, $key, $file, $destination)
            Import-Module $module/P2PShare.psd1
            $options = @{ UserKnownHostsFile = '/dev/null'; StrictHostKeyChecking = 'no'; LogLevel = 'ERROR' }
            Copy-P2PItem $file -Destination $destination -HostName 127.0.0.1 -Port $port -KeyFilePath $key -Options $options -PassThru -ErrorAction SilentlyContinue | ForEach-Object { "$($_.State): $($_.Error)" }
        } -ArgumentList $module, $port, (Join-Path $SshFolder user), $file.FullName, (New-Place broken)

        $lines | Should -BeLike 'Failed:*Broken.dll*'
    }

    It 'asks for each machine that is named' {
        $file = New-RandomFile 'asked.bin' 1KB

        $lines = Invoke-NewShell {
            param($manifest, $file)
            Import-Module $manifest
            Copy-P2PItem $file -Destination /tmp -HostName one.invalid, two.invalid -WhatIf
        } -ArgumentList $Manifest, $file.FullName

        $lines | Should -HaveCount 2
        $lines[0] | Should -BeLike '*one.invalid*'
        $lines[1] | Should -BeLike '*two.invalid*'
    }

}
