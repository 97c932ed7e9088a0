#requires -Version 7.6
#requires -Modules P2PShare

<#
.SYNOPSIS
    Creates groups and approves their members according to a CSV file.
.DESCRIPTION
    Creates the missing groups, approves the join requests of users in the file, and lists users who have not asked yet. With
    -DenyOthers it denies join requests of users that are not in the file, with -RemoveOthers it removes members that are not in it. A
    group is handed over last, and only to a user who is a member by then.

    A user becomes a member only after asking: each user runs Join-P2PGroup once, before or after. Run the script again, or on a
    schedule, until no user is Waiting: it makes only the changes that remain.
.PARAMETER Path
    The CSV file, with the columns Group, User and Role. Role is Owner or Member; empty means Member.
.PARAMETER DenyOthers
    Denies join requests of users that the file does not name.
.PARAMETER RemoveOthers
    Removes members that the file does not name. The owner stays.
.PARAMETER Session
    The session of the groups' owner; the default is the session of Connect-P2PTracker.
.EXAMPLE
    ./Initialize-P2PGroups.ps1 -Path groups.csv -WhatIf

    Lists the changes without making them.
.EXAMPLE
    ./Initialize-P2PGroups.ps1 -Path groups.csv -DenyOthers -RemoveOthers | Where-Object Action -eq Waiting

    Applies the file, and lists the users who still have to ask.
.OUTPUTS
    One object per change: Group, User, Action (Created, Approved, Denied, Removed or HandedOver), and one with Waiting per user who has not asked.
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
            Write-Verbose "$owner is not a member of $name yet, and can become its owner later."
        } elseif ($PSCmdlet.ShouldProcess("group $name to $owner", 'Hand over')) {
            Set-P2PGroupOwner -Group $name -UserName $owner -Confirm:$false @in
            Write-Done $name $owner HandedOver
        }
    }
}
