@{
    RootModule           = 'P2PShare.Cmdlets.dll'
    # The build writes the product's version here, from Directory.Build.props.
    ModuleVersion        = '0.0.0'
    GUID                 = '6d1f0a5e-0c52-4c43-9f0c-6b1c2f7f5d4e'
    Author               = 'P2PShare contributors'
    Description          = 'Group-scoped peer-to-peer file sharing with a central tracker: users, groups, join requests, and files that go from all who have them to all who want them, over TLS and checked piece by piece.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    TypesToProcess       = @('P2PShare.Types.ps1xml')
    FormatsToProcess     = @('P2PShare.Format.ps1xml')
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @('Leave-P2PGroup')
    CmdletsToExport      = @(
        'Start-P2PTracker', 'Stop-P2PTracker', 'Get-P2PTracker'
        'Connect-P2PTracker', 'Disconnect-P2PTracker', 'Get-P2PSession', 'Remove-P2PTrackerFingerprint'
        'New-P2PUser', 'Set-P2PUser', 'Remove-P2PUser'
        'New-P2PGroup', 'Get-P2PGroup', 'Join-P2PGroup', 'Exit-P2PGroup', 'Remove-P2PGroup', 'Set-P2PGroupOwner'
        'Get-P2PGroupMember', 'Add-P2PGroupMember', 'Set-P2PGroupMember', 'Remove-P2PGroupMember'
        'Get-P2PPeer', 'Watch-P2PEvent', 'Sync-P2PGroup', 'Copy-P2PItem'
        'Get-P2PJoinRequest', 'Approve-P2PJoinRequest', 'Deny-P2PJoinRequest'
        'Get-P2PFile', 'Send-P2PFile', 'Receive-P2PFile', 'Unpublish-P2PFile', 'Test-P2PFile', 'Compare-P2PFile'
        'Get-P2PDownload', 'Suspend-P2PDownload', 'Resume-P2PDownload', 'Stop-P2PDownload', 'Remove-P2PDownload'
        'Start-P2PPeerServer', 'Get-P2PPeerServer', 'Set-P2PPeerServer', 'Stop-P2PPeerServer'
    )
    PrivateData          = @{
        PSData = @{
            Tags = @('P2P', 'FileSharing', 'FileTransfer', 'Swarm', 'PSEdition_Core', 'Windows', 'Linux', 'MacOS')

            # The owner's to fill before the first publication, each an https address; an empty one would be refused.
            # LicenseUri   = ''
            # ProjectUri   = ''
            # ReleaseNotes = ''
        }
    }
}
