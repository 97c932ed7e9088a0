BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice = Connect-NewUser $tracker alice
    $new = ConvertTo-SecureString 'battery staple' -AsPlainText
    $common = @{ Tracker = $tracker.Address; StatePath = Join-Path $Folder alice; UserName = 'alice' }
}

AfterAll {
    Stop-Everything
}

Describe 'Set-P2PUser' {
    It 'prompts for missing passwords' {
        foreach ($name in 'CurrentPassword', 'NewPassword') {
            $parameter = (Get-Command Set-P2PUser).Parameters[$name]
            $parameter.ParameterType | Should -Be ([securestring])
            $parameter.ParameterSets.Values.IsMandatory | Should -BeTrue
        }
    }

    It 'changes nothing with -WhatIf, a wrong password or one that is too short' {
        $short = ConvertTo-SecureString short -AsPlainText
        Set-P2PUser -CurrentPassword $Password -NewPassword $new -WhatIf
        { Set-P2PUser -CurrentPassword $new -NewPassword $new -ErrorAction Stop } | Should -Throw -ErrorId 'WrongCredentials,*'
        { Set-P2PUser -CurrentPassword $Password -NewPassword $short -ErrorAction Stop } | Should -Throw -ErrorId 'InvalidPassword,*'
        Connect-P2PTracker @common -Password $Password | Disconnect-P2PTracker
    }

    It 'changes the password, keeps this session and ends all others' {
        $other = Connect-P2PTracker @common -Password $Password
        Set-P2PUser -CurrentPassword $Password -NewPassword $new -Session $alice | Should -BeNullOrEmpty

        Get-P2PGroup -Session $alice | Should -BeNullOrEmpty
        $caught = { Get-P2PGroup -Session $other -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*' -PassThru
        $caught.ErrorDetails.RecommendedAction | Should -Match 'Connect-P2PTracker'
        { Connect-P2PTracker @common -Password $Password -ErrorAction Stop } | Should -Throw -ErrorId 'WrongCredentials,*'
        (Connect-P2PTracker @common -Password $new).UserName | Should -Be alice
    }

    It 'writes the user with -PassThru' {
        $user = Set-P2PUser -CurrentPassword $new -NewPassword $Password -PassThru
        $user | Should -BeOfType P2PShare.P2PUser
        $user.UserName | Should -Be alice
    }
}
