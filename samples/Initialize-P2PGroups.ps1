#requires -Version 7.6
#requires -Modules P2PShare

<#
.SYNOPSIS
    Makes groups and their members what a CSV file says.
.DESCRIPTION
    Makes the groups that are missing, lets in those of the file who have asked to join, and tells who has not asked yet. With
    -DenyOthers it turns down who asks and is not in the file, with -RemoveOthers it takes out who is a member and is not in it. A
    group is handed over last, and only to somebody who is a member by then.

    Nobody becomes a member without asking: each user runs Join-P2PGroup once, before or after. Run the script again, or on a
    schedule, until nobody is Waiting any more: it does only what is left to do.
.PARAMETER Path
    The CSV file, with the columns Group, User and Role. Role is Owner or Member; empty means Member.
.PARAMETER DenyOthers
    Turns down join requests of users whom the file does not name.
.PARAMETER RemoveOthers
    Takes members out whom the file does not name. The owner stays.
.PARAMETER Session
    The session of the groups' owner; else the default one, of Connect-P2PTracker.
.EXAMPLE
    ./Initialize-P2PGroups.ps1 -Path groups.csv -WhatIf

    Lists what would be done.
.EXAMPLE
    ./Initialize-P2PGroups.ps1 -Path groups.csv -DenyOthers -RemoveOthers | Where-Object Action -eq Waiting

    Makes the groups what the file says, and lists who still has to ask.
.OUTPUTS
    One object for each thing done: Group, User, Action (Created, Approved, Denied, Removed, HandedOver, or Waiting for what is not up to the script).
#>
[CmdletBinding(SupportsShouldProcess)]
param (
    [Parameter(Mandatory, Position = 0)]
    [string] $Path,

    [switch] $DenyOthers,

    [switch] $RemoveOthers,

    $Session
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'
$in = $Session ? @{ Session = $Session } : @{}

function Write-Done ([string] $Group, [string] $User, [string] $Action) {
    [pscustomobject]@{ Group = $Group; User = $User; Action = $Action }
}

$rows = @(Import-Csv -LiteralPath $Path)
foreach ($column in 'Group', 'User', 'Role') {
    if ($rows -and $column -notin $rows[0].PSObject.Properties.Name) { throw "'$Path' has no column '$column': Group, User and Role were expected." }
}

foreach ($wanted in $rows | Group-Object Group) {
    $name = $wanted.Name
    $users = @($wanted.Group.User)
    $group = Get-P2PGroup @in | Where-Object Name -eq $name
    if (-not $group) {
        if (-not $PSCmdlet.ShouldProcess($name, 'Create group')) { continue }
        $group = New-P2PGroup $name @in
        Write-Done $name $group.Owner Created
    } elseif ($group.Role -ne 'Owner') {
        Write-Error "'$name' belongs to $($group.Owner): only the owner can provision it." -ErrorAction Continue
        continue
    }

    $members = @(Get-P2PGroupMember -Group $name @in).UserName
    $asking = @(Get-P2PJoinRequest -Group $name @in).ForEach('UserName')
    foreach ($user in $users | Where-Object { $_ -notin $members }) {
        if ($user -notin $asking) {
            Write-Done $name $user Waiting
        } elseif ($PSCmdlet.ShouldProcess("$user in group $name", 'Approve')) {
            Approve-P2PJoinRequest -Group $name -UserName $user -Confirm:$false @in
            Write-Done $name $user Approved
        }
    }

    foreach ($user in $asking | Where-Object { $DenyOthers -and $_ -notin $users }) {
        if ($PSCmdlet.ShouldProcess("$user in group $name", 'Deny')) {
            Deny-P2PJoinRequest -Group $name -UserName $user -Confirm:$false @in
            Write-Done $name $user Denied
        }
    }

    foreach ($user in $members | Where-Object { $RemoveOthers -and $_ -notin $users -and $_ -ne $group.Owner }) {
        if ($PSCmdlet.ShouldProcess("$user in group $name", 'Remove')) {
            Remove-P2PGroupMember -Group $name -UserName $user -Confirm:$false @in
            Write-Done $name $user Removed
        }
    }

    $owner = @($wanted.Group | Where-Object Role -eq Owner).ForEach('User') | Select-Object -First 1
    if ($owner -and $owner -ne $group.Owner) {
        if ($owner -notin @(Get-P2PGroupMember -Group $name @in).UserName) {
            Write-Verbose "$owner is no member of $name yet, and can be its owner later."
        } elseif ($PSCmdlet.ShouldProcess("group $name to $owner", 'Hand over')) {
            Set-P2PGroupOwner -Group $name -UserName $owner -Confirm:$false @in
            Write-Done $name $owner HandedOver
        }
    }
}
