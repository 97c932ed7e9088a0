BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice = Connect-NewUser $tracker alice
    $null = 'dev', 'design' | ForEach-Object { New-P2PGroup $_ }
    $file = New-RandomFile 'x.bin' 100
    foreach ($name in 'two words.bin', "it's.bin", 'part[1].bin') { $null = $file | Send-P2PFile -Group dev -Name $name }

    # The completions at the end of a line, or at the mark |.
    function Complete ([string] $Line) {
        $at = $Line.IndexOf('|')
        if ($at -lt 0) { $at = $Line.Length }
        (TabExpansion2 ($Line -replace '\|') $at).CompletionMatches |
            Where-Object ResultType -EQ ParameterValue | ForEach-Object CompletionText
    }
}

AfterAll {
    Stop-Everything
}

Describe 'Tab' {
    It 'offers the groups with their owners' {
        Complete 'Get-P2PFile -Group d' | Should -Be design, dev
        (TabExpansion2 'Get-P2PFile -Group de').CompletionMatches[1].ToolTip | Should -BeLike 'dev: alice*1 member*'
    }

    It 'offers the second of several groups' {
        Complete 'Send-P2PFile x.bin -Group dev, d' | Should -Be design, dev
    }

    It 'offers the files of the typed group, quoted if necessary' {
        Complete 'Receive-P2PFile dev ' | Should -Be "'it''s.bin'", "'part[1].bin'", "'two words.bin'"
    }

    It 'offers the versions of the typed file' {
        $null = New-RandomFile 'y.bin' 200 | Send-P2PFile -Group dev -Name "it's.bin" -Force
        Complete "Receive-P2PFile dev 'it''s.bin' -Version " | Should -Be "'1'", "'2'"
        Complete "Receive-P2PFile dev 'two words.bin' -Version " | Should -Be "'1'"
    }

    It 'offers the files of the groups that a pattern selects' {
        Complete 'Get-P2PFile d* t' | Should -Be "'two words.bin'"
    }

    It 'completes inside quotes' {
        Complete "Get-P2PFile dev 'two w" | Should -Be "'two words.bin'"
        Complete "Get-P2PFile dev 'two w|'" | Should -Be "'two words.bin'"
        Complete 'Get-P2PFile dev "two w' | Should -Be "'two words.bin'"
        Complete "Get-P2PFile dev 'it''" | Should -Be "'it''s.bin'"
    }

    It 'completes a name that would end a double-quoted string in single quotes' {
        $name = "rep$([char] 0x201D); throw 'it ran' #"
        $null = $file | Send-P2PFile -Group dev -Name $name
        $line = 'Get-P2PFile dev "rep'
        $completed = (TabExpansion2 $line $line.Length).CompletionMatches[0].CompletionText
        (Invoke-Expression "Get-P2PFile dev $completed").Name | Should -Be $name
    }

    It 'offers names that the cmdlets find literally' {
        Complete 'Get-P2PFile dev part[' | Should -Be "'part[1].bin'"
        (Get-P2PFile dev 'part[1].bin').Name | Should -Be 'part[1].bin'
    }

    It 'offers nothing and writes no error without a session' {
        $errors = $Error.Count
        $null = $alice | Disconnect-P2PTracker
        Complete 'Get-P2PFile -Group d' | Should -BeNullOrEmpty
        $Error.Count | Should -Be $errors
    }

    It 'is silent and quick when the tracker is <How>' -ForEach @(
        @{ How = 'gone'; Mute = $false }
        @{ How = 'there and never answers'; Mute = $true }
    ) {
        $port = Get-FreePort
        $other = Start-P2PTracker -Port $port -DataPath (Join-Path $Folder "other $Mute")
        $null = Connect-NewUser $other "person$Mute"
        $other | Stop-P2PTracker
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, $port)
        if ($Mute) { $listener.Start() }
        try {
            $errors = $Error.Count
            $first = Measure-Command { Complete 'Get-P2PFile -Group d' | Should -BeNullOrEmpty }
            $second = Measure-Command { Complete 'Get-P2PFile -Group d' | Should -BeNullOrEmpty }
            # The completer waits for one second; a busy machine adds to it.
            $first.TotalSeconds | Should -BeLessThan 2.5
            $second.TotalSeconds | Should -BeLessThan 0.9
            $Error.Count | Should -Be $errors
        } finally { $listener.Stop() }
    }
}
