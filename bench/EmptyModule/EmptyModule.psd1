@{
    RootModule           = 'P2PShare.Bench.EmptyModule.dll'
    ModuleVersion        = '1.0.0'
    GUID                 = 'b0f2b7c8-5a0e-4a0f-8f0b-0d2c1b8b6a11'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FunctionsToExport    = @()
    VariablesToExport    = @()
    AliasesToExport      = @()
    CmdletsToExport      = @('Get-Nothing')
}
