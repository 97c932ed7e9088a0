BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $module = Get-Module P2PShare
}

AfterAll {
    Stop-Everything
}

Describe 'The module' {
    It 'has approved verbs and the prefix P2P only' {
        $approved = (Get-Verb).Verb
        foreach ($command in Get-Command -Module P2PShare -CommandType Cmdlet) {
            $approved | Should -Contain $command.Verb
            $command.Noun | Should -BeLike 'P2P*'
        }
    }

    It 'has the version of the product' {
        $properties = [xml](Get-Content (Join-Path $PSScriptRoot '..' '..' 'Directory.Build.props') -Raw)
        [string] $module.Version | Should -Be $properties.SelectSingleNode('//Version').InnerText
    }

    It 'exports the alias Leave-P2PGroup' {
        (Get-Alias Leave-P2PGroup).Definition | Should -Be Exit-P2PGroup
    }

    It 'has -Session on every cmdlet that needs one' {
        $without = 'Start-P2PTracker', 'Stop-P2PTracker', 'Get-P2PTracker', 'Connect-P2PTracker', 'Get-P2PSession', 'Remove-P2PTrackerFingerprint', 'Copy-P2PItem'
        foreach ($command in Get-Command -Module P2PShare -CommandType Cmdlet | Where-Object Name -notin $without) {
            $command.Parameters.Keys | Should -Contain Session -Because $command.Name
        }
    }

    It 'has no plain-text password parameter' {
        foreach ($command in Get-Command -Module P2PShare -CommandType Cmdlet) {
            $command.Parameters.Values | Where-Object { $_.Name -match 'Password' -and $_.ParameterType -ne [securestring] } |
                Should -BeNullOrEmpty -Because $command.Name
        }
    }

    It 'keeps the engine and its packages out of the default load context' {
        $null = try { New-P2PUser -Tracker 127.0.0.1:1 -UserName a -Password $Password -StatePath $Folder/state -ErrorAction Stop } catch { $_ }

        $default = [System.Runtime.Loader.AssemblyLoadContext]::Default.Assemblies.GetName().Name
        $default | Should -Contain P2PShare.Cmdlets
        foreach ($name in 'P2PShare.Transfer', 'P2PShare.Protocol', 'Microsoft.Data.Sqlite', 'Dapper') {
            $default | Should -Not -Contain $name
        }
        $engine = [System.Runtime.Loader.AssemblyLoadContext]::All | Where-Object Name -eq 'P2PShare engine'
        $engine.Assemblies.GetName().Name | Should -Contain Microsoft.Data.Sqlite
    }

    It 'shows an about page' {
        Get-Help about_P2PShare | Out-String | Should -Match 'Receive-P2PFile'
    }

    It 'can be removed and imported again' {
        Remove-Module P2PShare
        Get-Command Get-P2PFile -ErrorAction Ignore | Should -BeNullOrEmpty
        Import-Module (Join-Path $PSScriptRoot '..' '..' 'out' 'P2PShare' 'P2PShare.psd1')
        { Get-P2PGroup -ErrorAction Stop } | Should -Throw -ErrorId 'NotLoggedIn,*'
    }
}
