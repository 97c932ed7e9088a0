BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $bob = Connect-NewUser $tracker bob
    $alice = Connect-NewUser $tracker alice
    $null = New-P2PGroup dev, ops
    $null = Join-P2PGroup dev -Session $bob
    Approve-P2PJoinRequest dev bob
    1..2 | ForEach-Object { Send-P2PFile (New-RandomFile "$_.bin" 100KB) dev }
    Send-P2PFile (Join-Path $Folder 1.bin) ops
    Receive-P2PFile dev 1.bin -Destination (Join-Path $Folder received) -Session $bob
    # A peer announces a received file with a short delay.
    $deadline = [datetime]::Now.AddSeconds(30)
    while (-not (Get-P2PPeer dev b* | Where-Object Complete -eq 1) -and [datetime]::Now -lt $deadline) { Start-Sleep -Milliseconds 50 }
}

AfterAll {
    Stop-Everything
}

Describe 'Get-P2PPeer' {
    It 'lists the peers online in a group with address and holdings' {
        $peers = Get-P2PPeer dev
        $peers.UserName | Should -Be alice, bob
        $peers.Complete | Should -Be 2, 1
        $peers.Partial | Should -Be 0, 0
        $peers[0].EndPoints | Should -Contain "127.0.0.1:$((Get-P2PPeerServer).Port)"
        $peers[0].Fingerprint | Should -MatchExactly '^[0-9a-f]{64}$'
        $peers[0].LastSeen | Should -BeGreaterThan ([datetimeoffset]::Now.AddMinutes(-5))
        $peers[0] | Should -BeOfType P2PShare.P2PPeer
    }

    It 'selects groups and users by wildcards, by default in all groups of the caller' {
        (Get-P2PPeer).ForEach('ToString') | Sort-Object | Should -Be 'alice in dev', 'alice in ops', 'bob in dev'
        (Get-P2PPeer o*).Group | Should -Be ops
        (Get-P2PPeer -UserName b*).UserName | Should -Be bob
    }

    It 'writes nothing for a pattern and an error for a name without a match' {
        Get-P2PPeer x* | Should -BeNullOrEmpty
        Get-P2PPeer ops b* | Should -BeNullOrEmpty
        { Get-P2PPeer nowhere -ErrorAction Stop } | Should -Throw -ErrorId 'GroupNotFound,*'
        { Get-P2PPeer ops bob -ErrorAction Stop } | Should -Throw -ErrorId 'PeerNotFound,*'
    }

    It 'takes groups and members from the pipeline, and writes each peer once' {
        (Get-P2PGroup dev | Get-P2PPeer).UserName | Should -Be alice, bob
        (Get-P2PGroupMember dev bob | Get-P2PPeer).UserName | Should -Be bob
        ('dev', 'd*' | Get-P2PPeer).Count | Should -Be 2
    }

    It 'requires membership' {
        { Get-P2PPeer ops -Session $bob -ErrorAction Stop } | Should -Throw -ErrorId 'NotMember,*'
    }

    It 'omits a peer that has stopped' {
        Stop-P2PPeerServer -Session $bob
        (Get-P2PPeer dev).UserName | Should -Be alice
    }

    It 'has a table and a list' {
        Get-P2PPeer dev | Out-String -Width 120 | Should -Match '(?m)^Group +UserName +EndPoints +Complete +Partial +LastSeen'
        Get-P2PPeer dev alice | Format-List | Out-String -Width 120 | Should -Match 'Fingerprint +: [0-9a-f]{64}'
    }
}
