BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $tracker = Start-TestTracker
    $alice, $bob, $carol = Connect-AliceBobAndCarol $tracker dev
}

AfterAll {
    Stop-Everything
}

Describe 'Get-P2PGroup' {
    BeforeAll { $null = New-P2PGroup design, ops }

    It 'lists all groups by name with the caller''s role' {
        $groups = Get-P2PGroup -Session $bob
        $groups.Name | Should -Be design, dev, ops
        $groups.Role | Should -Be None, Publisher, None
        ($groups | Where-Object Name -eq dev).MemberCount | Should -Be 3
    }

    It 'takes names and wildcards in any letter case, and ignores duplicates' {
        (Get-P2PGroup DE*, dev, ops).Name | Should -Be design, dev, ops
        ('ops', 'o*' | Get-P2PGroup).Name | Should -Be ops
    }

    It 'writes nothing for a pattern and an error for a name without a match' {
        Get-P2PGroup x* | Should -BeNullOrEmpty
        (Get-P2PGroup nowhere, ops -ErrorAction SilentlyContinue -ErrorVariable failed).Name | Should -Be ops
        $failed.FullyQualifiedErrorId | Should -BeLike 'GroupNotFound,*'
        $failed.TargetObject | Should -Be nowhere
    }

    It 'takes members, join requests and table rows from the pipeline' {
        (Get-P2PGroupMember dev bob | Get-P2PGroup).Name | Should -Be dev
        (Join-P2PGroup ops -Session $bob | Get-P2PGroup).Name | Should -Be ops
        ([pscustomobject]@{ Group = 'design'; Path = 'x' } | Get-P2PGroup).Name | Should -Be design
    }

    It 'writes with -Mine those that the user is in or has asked to join' {
        (Get-P2PGroup -Mine -Session $carol).Name | Should -Be dev
        $null = Join-P2PGroup design -Session $carol
        (Get-P2PGroup -Mine -Session $carol).Name | Should -Be design, dev
        (Get-P2PGroup d* -Mine -Session $carol).Role | Should -Be Requested, Publisher
        { Get-P2PGroup ops -Mine -Session $carol -ErrorAction Stop } | Should -Throw -ErrorId 'NotMember,*'
    }

    It 'finds an unlisted group of others only by its exact name' {
        $null = New-P2PGroup hidden -Unlisted
        (Get-P2PGroup hid*).Listed | Should -BeFalse
        Get-P2PGroup hid* -Session $carol | Should -BeNullOrEmpty
        (Get-P2PGroup -Session $carol).Name | Should -Not -Contain hidden
        $found = Get-P2PGroup HIDDEN -Session $carol
        $found.Name, $found.Role, $found.Listed | Should -Be hidden, None, $false
        Join-P2PGroup hid* -Session $carol | Should -BeNullOrEmpty
        (Join-P2PGroup hidden -Session $carol).Group | Should -Be hidden
        (Get-P2PGroup -Mine -Session $carol).Name | Should -Contain hidden
    }

    It 'completes names of groups, with -Mine only the user''s own' {
        function Complete ([string] $Line) { (TabExpansion2 $Line $Line.Length).CompletionMatches | Where-Object ResultType -EQ ParameterValue | ForEach-Object CompletionText }
        Complete 'Get-P2PGroup -Session $carol -Name o' | Should -Be ops
        Complete 'Get-P2PGroup -Session $carol -Mine -Name o' | Should -BeNullOrEmpty
        Complete 'Get-P2PGroup -Session $carol -Mine -Name de' | Should -Contain dev
    }

    It 'refuses an empty name' {
        { Get-P2PGroup '' } | Should -Throw -ErrorId 'ParameterArgumentValidationError*'
        { Get-P2PGroup $null } | Should -Throw -ErrorId 'ParameterArgumentValidationError*'
    }
}
