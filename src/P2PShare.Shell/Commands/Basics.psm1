# The few commands of Microsoft.PowerShell.Utility and .Management that scripts of the P2PShare kind use. They ship with
# PowerShell, not with the engine that this program hosts; each does the plain case only.

function Write-Output {
    [CmdletBinding()]
    param([Parameter(Mandatory, Position = 0, ValueFromPipeline, ValueFromRemainingArguments)] [AllowNull()] [object] $InputObject)
    process { $InputObject }
}

function Write-Host {
    [CmdletBinding()]
    param([Parameter(Position = 0, ValueFromPipeline, ValueFromRemainingArguments)] [object] $Object, [switch] $NoNewline)
    process { if ($NoNewline) { $Host.UI.Write("$Object") } else { $Host.UI.WriteLine("$Object") } }
}

function Start-Sleep {
    [CmdletBinding(DefaultParameterSetName = 'Seconds')]
    param(
        [Parameter(Mandatory, Position = 0, ParameterSetName = 'Seconds')] [ValidateRange(0, 2147483)] [double] $Seconds,
        [Parameter(Mandatory, ParameterSetName = 'Milliseconds')] [ValidateRange(0, 2147483647)] [int] $Milliseconds)
    $until = [DateTime]::UtcNow.AddMilliseconds($(if ($PSCmdlet.ParameterSetName -eq 'Seconds') { $Seconds * 1000 } else { $Milliseconds }))
    # In short naps, so that Ctrl+C is heard.
    while (($left = ($until - [DateTime]::UtcNow).TotalMilliseconds) -gt 0) { [Threading.Thread]::Sleep([Math]::Min(100, [Math]::Ceiling($left))) }
}

function Get-Credential {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $UserName)
    $Host.UI.PromptForCredential('', '', $UserName, '')
}

function Get-Location { [CmdletBinding()] param() $ExecutionContext.SessionState.Path.CurrentLocation }

function Set-Location {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string] $Path = '~')
    $null = $ExecutionContext.SessionState.Path.SetLocation($Path)
}

function Get-ChildItem {
    [CmdletBinding()]
    param([Parameter(Position = 0)] [string[]] $Path = '.', [switch] $Recurse, [switch] $File, [switch] $Directory)
    foreach ($item in $ExecutionContext.InvokeProvider.ChildItem.Get($Path, $Recurse)) {
        if (($File -and $item.PSIsContainer) -or ($Directory -and -not $item.PSIsContainer)) { continue }
        $item
    }
}

function Select-Object {
    [CmdletBinding()]
    param(
        [Parameter(Position = 0)] [string[]] $Property,
        [string] $ExpandProperty,
        [int] $First = [int]::MaxValue,
        [int] $Skip = 0,
        [Parameter(ValueFromPipeline)] $InputObject)
    begin { $count = 0 }
    process {
        if ($count++ -lt $Skip -or $count -gt $Skip + [long] $First) { return }
        if ($ExpandProperty) { $InputObject.$ExpandProperty; return }
        if (-not $Property) { $InputObject; return }
        $chosen = [ordered]@{}
        foreach ($name in $Property) { $chosen[$name] = $InputObject.$name }
        [pscustomobject] $chosen
    }
}

function cd { Set-Location @args }
function pwd { Get-Location }
function dir { Get-ChildItem @args }
