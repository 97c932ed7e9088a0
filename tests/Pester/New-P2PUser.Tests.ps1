BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker
}

AfterAll {
    Stop-Everything
}

Describe 'New-P2PUser' {
    It 'creates an account at the session''s tracker' {
        $user = New-P2PUser -UserName dave -Password $Password
        $user | Should -BeOfType P2PShare.P2PUser
        $user.UserName, $user.Tracker | Should -Be dave, $tracker.Address
    }

    It 'creates none with -WhatIf' {
        New-P2PUser -UserName erin -Password $Password -WhatIf
        (New-P2PUser -UserName erin -Password $Password).UserName | Should -Be erin
    }

    It 'takes table rows and credentials from the pipeline and continues after a failure' {
        $made = "UserName`none`nbob`nbad name`ntwo" | ConvertFrom-Csv |
            New-P2PUser -Password $Password -ErrorAction SilentlyContinue -ErrorVariable failed
        $made.UserName | Should -Be one, two
        $failed.FullyQualifiedErrorId -replace ',.*' | Should -Be UserNameTaken, InvalidUserName
        ([pscredential]::new('three', $Password) | New-P2PUser).UserName | Should -Be three
    }

    It 'sends an invitation to a tracker that requires one' {
        $program = Join-Path $PSScriptRoot '..' '..' 'out' 'P2PShare' 'tracker' 'P2PShare.TrackerHost.dll'
        $data = Join-Path $Folder 'invited'
        $info = Join-Path $Folder 'tracker_info.txt'
        $address = "127.0.0.1:$(Get-FreePort)"
        Set-Content $info $address
        # Start-P2PTracker has open registration; this tracker requires an invitation.
        $process = Start-Process dotnet -ArgumentList $program, $info, 1, "--Tracker:DataPath=$data", '--Tracker:Registration=invitation' -PassThru `
            -RedirectStandardOutput (Join-Path $Folder 'out.txt') -RedirectStandardError (Join-Path $Folder 'err.txt')
        try {
            Wait-Until { (Get-Content (Join-Path $Folder 'out.txt')) -like 'fingerprint: *' }
            $at = @{ Tracker = $address; TrustOnFirstUse = $true; StatePath = Join-Path $Folder 'invited-state'; Password = $Password }
            $token = dotnet $program invite --uses 2 "--Tracker:DataPath=$data" 2>$null | ConvertTo-SecureString -AsPlainText
            { New-P2PUser @at -UserName eve -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidInvitation*'
            $made = 'eve', 'frank', 'grace' | ForEach-Object { [pscustomobject]@{ UserName = $_ } } |
                New-P2PUser @at -Invitation $token -ErrorAction SilentlyContinue -ErrorVariable failed
            $made.UserName | Should -Be eve, frank
            $failed.FullyQualifiedErrorId | Should -BeLike 'InvalidInvitation*'
            $failed.CategoryInfo.Category | Should -Be PermissionDenied
        }
        finally {
            Stop-Process -Id $process.Id
            $process.WaitForExit()
        }
    }

    It 'fails with NotLoggedIn without a session and a tracker' {
        $errorId = 1 | ForEach-Object -Parallel {
            Import-Module $using:Manifest
            try { New-P2PUser -UserName x -Password $using:Password } catch { $_.FullyQualifiedErrorId }
        }
        $errorId | Should -BeLike 'NotLoggedIn,*'
    }
}
