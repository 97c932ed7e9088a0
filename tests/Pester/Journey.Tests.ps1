# The main use: a file goes from Alice to Bob and Carol through a group.
BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
}

AfterAll {
    Stop-Everything
}

Describe 'A file goes from one user to others through a group' {
    It 'begins with accounts and sessions' {
        $script:alice = Connect-NewUser $tracker alice
        $script:bob = Connect-NewUser $tracker bob
        $script:carol = Connect-NewUser $tracker carol

        $alice.Connected | Should -BeTrue
        (Get-P2PSession)[0].UserName | Should -Be carol -Because 'the last session is the default'
    }

    It 'Alice creates a group' {
        (New-P2PGroup dev -Session $alice).Owner | Should -Be alice
    }

    It 'Bob and Carol ask to join, and see no files before they are approved' {
        foreach ($session in $bob, $carol) {
            (Join-P2PGroup dev -Session $session).Group | Should -Be dev
            { Get-P2PFile dev -Session $session -ErrorAction Stop } | Should -Throw -ErrorId 'NotMember,*'
        }
    }

    It 'Alice approves all join requests on the pipeline' {
        Get-P2PJoinRequest -Session $alice | Approve-P2PJoinRequest -Session $alice

        Get-P2PJoinRequest -Session $alice | Should -BeNullOrEmpty
        (Get-P2PGroup dev -Session $bob).MemberCount | Should -Be 3
        (Get-P2PGroup dev -Session $bob).Role | Should -Be Publisher
    }

    It 'Alice shares a file' {
        $script:file = New-RandomFile 'alice-files/image.vhdx' 5MB
        $shared = Send-P2PFile $file.FullName -Group dev -Session $alice

        $shared.Name | Should -Be image.vhdx
        $shared.Size | Should -Be 5MB
        $shared.PiecesRoot | Should -MatchExactly '^[0-9a-f]{64}$'
    }

    It 'Bob and Carol receive it' {
        foreach ($session in $bob, $carol) {
            $folder = Join-Path $Folder "$($session.UserName)-files"
            Get-P2PFile -Group dev -Name *.vhdx -Session $session | Receive-P2PFile -Destination $folder -Session $session

            $received = Join-Path $folder image.vhdx
            (Get-FileHash $received).Hash | Should -Be (Get-FileHash $file.FullName).Hash
            "$received.p2ppart" | Should -Not -Exist
        }
    }

    It 'the file has three sources now' {
        # A peer announces its holdings in the background; no cmdlet waits for it.
        $deadline = [datetime]::UtcNow.AddSeconds(10)
        while (($sources = (Get-P2PFile dev image.vhdx).Sources) -ne 3 -and [datetime]::UtcNow -lt $deadline) {
            Start-Sleep -Milliseconds 50
        }

        $sources | Should -Be 3
    }

    It 'Alice sees the users who fetched it' {
        $job = (Get-P2PPeerServer -Session $alice).Job
        Stop-P2PPeerServer -Session $bob
        Stop-P2PPeerServer -Session $carol
        $deadline = (Get-Date).AddSeconds(20)
        while (-not $job.HasMoreData -and (Get-Date) -lt $deadline) { Start-Sleep -Milliseconds 50 }

        $uploads = Receive-Job $job
        $uploads.UserName | Should -Contain bob
        $uploads[0].Name | Should -Be image.vhdx
    }

    It 'Alice stops sharing it' {
        Unpublish-P2PFile dev image.vhdx -Session $alice
        $file.FullName | Should -Exist
    }

    It 'Bob leaves the group' {
        Exit-P2PGroup dev -Session $bob
        (Get-P2PGroup dev -Session $alice).MemberCount | Should -Be 2
    }
}
