# Everything that the module starts ends with it: with Remove-Module, the runspace, or the shell, however the shell ends.

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice = Connect-NewUser $tracker alice
    $null = New-P2PGroup dev

    function Test-Listening ([int] $Port) {
        $client = [System.Net.Sockets.TcpClient]::new()
        try { $client.Connect('127.0.0.1', $Port); $true } catch { $false } finally { $client.Dispose() }
    }

    function Wait-Until ([scriptblock] $Condition) {
        $watch = [System.Diagnostics.Stopwatch]::StartNew()
        while (-not (& $Condition)) {
            if ($watch.Elapsed.TotalSeconds -gt 30) { throw "The condition did not hold within 30 seconds: $Condition" }
            Start-Sleep -Milliseconds 50
        }
    }

    # Starts a tracker and a peer server and writes "<process of the tracker> <its port> <port of the peer server>".
    $startAll = {
        param ($manifest, $folder, $port)
        Import-Module $manifest
        $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
        $tracker = Start-P2PTracker -Port $port -DataPath (Join-Path $folder 'its tracker')
        $null = $tracker | New-P2PUser -UserName carol -Password $password -StatePath (Join-Path $folder carol)
        $null = $tracker | Connect-P2PTracker -UserName carol -Password $password -StatePath (Join-Path $folder carol)
        $null = Start-P2PPeerServer
        "$($tracker.ProcessId) $port $((Get-P2PPeerServer).Port)"
    }
}

AfterAll {
    Stop-Everything
}

Describe 'Remove-Module' {
    It 'stops trackers and peer servers, and leaves nothing listening' {
        $lines = Invoke-NewShell ([scriptblock]::Create(@"
            param (`$manifest, `$folder, `$port)
            `$line = & {$startAll} `$manifest `$folder `$port
            `$process, `$null, `$peer = -split `$line
            Remove-Module P2PShare
            "process: `$([bool](Get-Process -Id `$process -ErrorAction Ignore))"
            "listening: `$(@([System.Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners().Port | Where-Object { `$_ -in `$port, `$peer }).Count)"
            "jobs: `$((Get-Job).State -join ' ')"
            "commands: `$(@(Get-Command *-P2P* -CommandType Cmdlet -ErrorAction Ignore).Count)"
"@)) $manifest, $Folder, (Get-FreePort)

        $lines | Should -Be 'process: False', 'listening: 0', 'jobs: Stopped Stopped', 'commands: 0'
    }

    It 'can be followed by another import, also repeated and with -Force' {
        $lines = Invoke-NewShell {
            param ($manifest, $address, $fingerprint, $folder)
            $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
            $arguments = @{ Tracker = $address; Fingerprint = $fingerprint; UserName = 'alice'; Password = $password; StatePath = Join-Path $folder again }
            Import-Module $manifest
            $null = Connect-P2PTracker @arguments
            (Get-P2PGroup).Name
            Remove-Module P2PShare
            Import-Module $manifest
            "sessions: $(@(Get-P2PSession).Count)"
            $null = Connect-P2PTracker @arguments
            (Get-P2PGroup).Name
            Import-Module $manifest -Force
            Import-Module $manifest -Force
            "sessions: $(@(Get-P2PSession).Count)"
            $null = Connect-P2PTracker @arguments
            $null = Start-P2PPeerServer
            (Get-P2PGroup).Name
        } $manifest, $tracker.Address, $tracker.Fingerprint, $Folder

        $lines | Should -Be dev, 'sessions: 0', dev, 'sessions: 0', dev
    }

    It 'leaves objects in variables readable' {
        $lines = Invoke-NewShell {
            param ($manifest, $address, $fingerprint, $folder)
            $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
            Import-Module $manifest
            $session = Connect-P2PTracker $address -Fingerprint $fingerprint -UserName alice -Password $password -StatePath (Join-Path $folder kept)
            $group = Get-P2PGroup dev
            Remove-Module P2PShare
            "$($group.Name) $session $($session.StatePath -eq (Join-Path $folder kept)) $($session.Started.Year -gt 2000)"
        } $manifest, $tracker.Address, $tracker.Fingerprint, $Folder

        $lines | Should -Be "dev alice@$($tracker.Address) True True"
    }
}

Describe 'A shell that ends' {
    It 'leaves neither tracker nor peer server behind when it exits' {
        $process, $ports = -split (Invoke-NewShell $startAll $manifest, (New-Item -ItemType Directory $Folder/exits), (Get-FreePort))

        $process | Should -Match '^\d+$'
        Wait-Until { -not (Get-Process -Id $process -ErrorAction Ignore) }
        $ports | ForEach-Object { Test-Listening $_ | Should -BeFalse }
    }

    It 'leaves neither behind when SIG<_> ends it' -Skip:$IsWindows -ForEach KILL, TERM, HUP {
        $script = Join-Path $Folder "$_.ps1"
        Set-Content $script "& {$startAll} @args; Start-Sleep 600"
        $output = Join-Path $Folder "$_.txt"
        $shell = Start-NewShell $script $manifest, (New-Item -ItemType Directory $Folder/$_).FullName, (Get-FreePort) $output
        Wait-Until { $shell.HasExited -or (Get-Content $output -Raw) -match '\n' }
        $process, $ports = -split (Get-Content $output -First 1)
        $ports | ForEach-Object { Test-Listening $_ | Should -BeTrue }

        kill -s $_ $shell.Id

        Wait-Until { -not (Get-Process -Id $process -ErrorAction Ignore) }
        $ports | ForEach-Object { Test-Listening $_ | Should -BeFalse }
        $shell.WaitForExit(30000) | Should -BeTrue
    }
}

Describe 'Several runspaces' {
    It 'have separate default sessions with <How>' -ForEach @(
        @{ How = 'ForEach-Object -Parallel'; Run = { param ($Names, $Work, $Shared) $text = "$Work"; $Names | ForEach-Object -Parallel { & ([scriptblock]::Create($using:text)) $_ $using:Shared } } }
        @{ How = 'Start-ThreadJob'; Run = { param ($Names, $Work, $Shared) $Names | ForEach-Object { Start-ThreadJob $Work -ArgumentList $_, $Shared } | Receive-Job -Wait -AutoRemoveJob } }
    ) {
        $prefix = ($How -replace '\W').ToLowerInvariant()
        $names = 1..4 | ForEach-Object { "$prefix$_" }
        $shared = @{ Manifest = $manifest; Address = $tracker.Address; Fingerprint = $tracker.Fingerprint; Password = $Password; Folder = $Folder }
        $said = & $Run $names {
            param ($name, $shared)
            Set-StrictMode -Version Latest
            $ErrorActionPreference = 'Stop'
            Import-Module $shared.Manifest
            if (Get-P2PSession) { throw 'a session of another runspace' }
            $arguments = @{
                Tracker = $shared.Address; Fingerprint = $shared.Fingerprint
                UserName = $name; Password = $shared.Password; StatePath = Join-Path $shared.Folder $name
            }
            $null = New-P2PUser @arguments
            $null = Connect-P2PTracker @arguments
            $null = Start-P2PPeerServer
            "$((New-P2PGroup "g-$name").Owner) $((Get-P2PSession).UserName) $((Get-P2PPeerServer).Port)"
        } $shared

        $said -replace ' \d+$' | Sort-Object | Should -Be ($names | ForEach-Object { "$_ $_" })
        $said -replace '^.* ' | ForEach-Object { Test-Listening $_ | Should -BeFalse }
        (Get-P2PSession).UserName | Should -Be alice
    }

    It 'can share a session, and closing one runspace leaves the session of the other' {
        $group = Start-ThreadJob { param ($manifest, $session) Import-Module $manifest; (Get-P2PGroup dev -Session $session).Name } -ArgumentList $manifest, $alice |
            Receive-Job -Wait -AutoRemoveJob

        $group | Should -Be dev
        (Get-P2PGroup dev).Name | Should -Be dev
    }
}

Describe 'Import-Module' {
    It 'works from a folder with spaces and non-ASCII letters, and writes nothing there' {
        $copy = Join-Path $Folder 'mödüle with späces 模块' P2PShare
        $null = New-Item -ItemType Directory $copy
        Copy-Item (Join-Path (Split-Path $manifest) *) $copy -Recurse
        if (-not $IsWindows) { chmod -R a-w $copy }
        $before = Get-ChildItem $copy -Recurse | ForEach-Object { "$($_.FullName) $($_.LastWriteTimeUtc.Ticks)" }

        $line = Invoke-NewShell $startAll (Join-Path $copy P2PShare.psd1), (New-Item -ItemType Directory $Folder/späces), (Get-FreePort)

        $line | Should -Match '^\d+ \d+ \d+$'
        Get-ChildItem $copy -Recurse | ForEach-Object { "$($_.FullName) $($_.LastWriteTimeUtc.Ticks)" } | Should -Be $before
        if (-not $IsWindows) { chmod -R u+w $copy }
    }

    It 'works as "using module"' {
        $script = Join-Path $Folder using.ps1
        Set-Content $script "using module '$manifest'`n(Get-Command Get-P2PFile).Version.ToString()"
        $program, $rest = $PowerShell + '-File' + $script
        & $program @rest | Should -Be (Get-Module P2PShare).Version
    }

    It 'lets its commands run in constrained language mode' {
        $lines = Invoke-NewShell {
            param ($manifest, $address, $fingerprint, $folder)
            $password = ConvertTo-SecureString 'correct horse battery' -AsPlainText
            Import-Module $manifest
            $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'
            $null = Connect-P2PTracker $address -Fingerprint $fingerprint -UserName alice -Password $password -StatePath (Join-Path $folder constrained)
            Get-P2PGroup | ForEach-Object { $_.Name }
        } $manifest, $tracker.Address, $tracker.Fingerprint, $Folder

        $lines | Should -Contain dev
    }

    It 'is refused by an older PowerShell with the required version' {
        # As Windows PowerShell reads it: the manifest is its only sign that it is too old.
        $data = Import-PowerShellDataFile $manifest
        $data.PowerShellVersion | Should -Be 7.6
        $data.CompatiblePSEditions | Should -Be Core
        $future = Join-Path $Folder future
        $null = New-Item -ItemType Directory $future
        (Get-Content $manifest -Raw).Replace("PowerShellVersion    = '7.6'", "PowerShellVersion    = '99.0'") | Set-Content (Join-Path $future P2PShare.psd1)

        Invoke-NewShell { param ($manifest) Import-Module $manifest } (Join-Path $future P2PShare.psd1) | Out-String |
            Should -Match "requires a minimum PowerShell version of\s+'99\.0'"
    }
}
