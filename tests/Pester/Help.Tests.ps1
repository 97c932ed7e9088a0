BeforeDiscovery {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    $commands = (Get-Command -Module P2PShare -CommandType Cmdlet).Name
}

BeforeAll {
    . $PSScriptRoot/P2PShare.TestSetup.ps1
    # about_CommonParameters explains the common ones.
    $common = [System.Management.Automation.Cmdlet]::CommonParameters
}

AfterAll {
    Stop-Everything
}

Describe 'Get-Help <_>' -ForEach $commands {
    BeforeAll {
        $command = Get-Command $_
        $help = Get-Help $_ -Full
    }

    It 'has a synopsis and a description' {
        # Without help, PowerShell puts the syntax here.
        $help.Synopsis | Should -Match '^[A-Z][^\[]+\.$'
        ($help.description.Text -join ' ').Length | Should -BeGreaterThan 80
    }

    It 'explains each parameter' {
        foreach ($name in $command.Parameters.Keys | Where-Object { $_ -notin $common }) {
            $parameter = Get-Help $command.Name -Parameter $name
            $parameter.description.Text -join ' ' | Should -Match '\w{3}' -Because "-$name"
            $parameter.type.name | Should -Not -BeNullOrEmpty -Because "-$name"
        }
    }

    It 'matches the parameters'' real attributes for required, wildcards and pipeline' {
        foreach ($real in $command.Parameters.Values | Where-Object Name -notin ($common + 'WhatIf', 'Confirm')) {
            $parameter = Get-Help $command.Name -Parameter $real.Name
            $sets = $real.ParameterSets.Values
            $parameter.required | Should -Be (-not ($sets.IsMandatory -contains $false)).ToString() -Because $parameter.name
            $parameter.globbing | Should -Be ([bool] ($real.Attributes | Where-Object { $_ -is [SupportsWildcards] })).ToString() -Because $parameter.name
            ($parameter.pipelineInput -match 'ByValue') | Should -Be ($sets.ValueFromPipeline -contains $true) -Because $parameter.name
            ($parameter.pipelineInput -match 'ByPropertyName') | Should -Be ($sets.ValueFromPipelineByPropertyName -contains $true) -Because $parameter.name
        }
    }

    It 'has two examples that parse' {
        $examples = @($help.examples.example)
        $examples.Count | Should -BeGreaterOrEqual 2
        foreach ($example in $examples) {
            $errors = $null
            $null = [System.Management.Automation.Language.Parser]::ParseInput($example.code, [ref] $null, [ref] $errors)
            $errors | Should -BeNullOrEmpty -Because $example.code
            $example.remarks.Text | Should -Not -BeNullOrEmpty -Because $example.code
        }
    }

    It 'shows all sections as text' {
        $shown = Get-Help $command.Name -Full | Out-String -Width 200
        $shown | Should -Match 'SYNTAX' -Because 'it has a syntax'
        $shown | Should -Match 'Example 2'
        $shown | Should -Match 'OUTPUTS'
        $shown | Should -Match 'about_P2PShare'
        Get-Help $command.Name -Examples | Out-String -Width 200 | Should -Match ([regex]::Escape($command.Name))
    }
}

Describe 'Get-Help about_<_>' -ForEach 'P2PShare', 'P2PShare_Security', 'P2PShare_Scripting' {
    It 'shows the page, which fits 80 columns' {
        $text = Get-Help "about_$_" | Out-String -Width 200
        $text | Should -Match 'LONG DESCRIPTION'
        ($text -split '\r?\n').Length | Should -BeGreaterThan 40
        $text -split '\r?\n' | Where-Object Length -gt 80 | Should -BeNullOrEmpty
    }
}

Describe 'The views' {
    BeforeAll {
        $alice, $bob = Connect-AliceAndBob (Start-TestTracker)
        $long = "site/assets/$('very-long-name-' * 6)end.png"
        $null = New-RandomFile short.bin 1KB | Send-P2PFile -Group dev -Name $long -Session $alice
        # As in an interactive console, regardless of the runner's.
        function Show ($InputObject, [int] $Width, [string] $Rendering) {
            $PSStyle.OutputRendering, $before = $Rendering, $PSStyle.OutputRendering
            try { $InputObject | Out-String -Width $Width } finally { $PSStyle.OutputRendering = $before }
        }
    }

    It 'truncate nothing in a window of 80 columns' {
        $shown = Show (Get-P2PFile dev) 80 PlainText
        $shown | Should -Not -Match '…'
        ($shown -split '\r?\n' | Measure-Object Length -Maximum).Maximum | Should -BeLessOrEqual 80
        # A long name wraps below itself.
        $shown -replace '\s' | Should -Match 'end\.png'
    }

    It 'colour states and roles, unless plain text is set' {
        Show (Get-P2PGroup dev -Session $alice) 100 Ansi | Should -Match "$([regex]::Escape($PSStyle.Foreground.Cyan))Owner"
        Show (Get-P2PGroup dev -Session $alice) 100 PlainText | Should -Not -Match "`e"
        Show (Get-P2PGroup dev -Session $alice) 100 PlainText | Should -Match '\bOwner\b'
    }

    It 'never put colour into the objects' {
        (Get-P2PGroup dev -Session $alice).Role | Should -Be Owner
        Get-P2PGroup dev -Session $alice | ConvertTo-Json | Should -Not -Match "`e|u001b"
    }
}
