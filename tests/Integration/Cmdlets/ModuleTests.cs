using System.Collections;
using System.Management.Automation;
using System.Reflection;
using System.Xml.Linq;
using P2PShare.Protocol;

namespace P2PShare.Integration.Cmdlets;

public sealed class ModuleTests : IDisposable
{
    private readonly TestShell _shell = new();

    public void Dispose() => _shell.Dispose();

    [Fact]
    public void The_manifest_has_the_version_of_the_product()
    {
        var product = XDocument.Load(Repository.Combine("Directory.Build.props")).Descendants("Version").Single().Value;

        var module = _shell.Succeed("(Get-Module P2PShare).Version.ToString()");

        Assert.Equal(product, module.Single().BaseObject);
    }

    [Fact]
    public void The_module_exports_what_its_manifest_names_and_nothing_else()
    {
        var manifest = (string[])_shell.Succeed("""
            $path = (Get-Module P2PShare).Path -replace 'P2PShare\.Cmdlets\.dll$', 'P2PShare.psd1'
            , [string[]](Test-ModuleManifest $path).ExportedCmdlets.Keys
            """).Single().BaseObject;
        var classes = CmdletTypes().Select(type => type.GetCustomAttribute<CmdletAttribute>()!).Select(cmdlet => $"{cmdlet.VerbName}-{cmdlet.NounName}");

        Assert.Equal(classes.Order(), manifest.Order());
        Assert.Equal("Exit-P2PGroup", _shell.Succeed("(Get-Command Leave-P2PGroup).Definition").Single().BaseObject);
    }

    [Fact]
    public void Every_cmdlet_that_changes_something_can_be_tried_with_WhatIf()
    {
        // Connecting changes nothing but this runspace's own session.
        string[] readers = ["Get", "Test", "Compare", "Watch", "Connect"];
        var unsafeOnes = CmdletTypes()
            .Select(type => type.GetCustomAttribute<CmdletAttribute>()!)
            .Where(cmdlet => !readers.Contains(cmdlet.VerbName) && !cmdlet.SupportsShouldProcess);

        Assert.Empty(unsafeOnes);
    }

    [Fact]
    public void Every_error_code_has_a_category_and_advice()
    {
        var codes = typeof(ErrorCode).GetFields().Select(field => (string)field.GetRawConstantValue()!);
        var table = (IDictionary)ModuleAssembly().GetType("P2PShare.Cmdlets.Pipeline.Faults", throwOnError: true)!
            .GetField("Table", BindingFlags.NonPublic | BindingFlags.Static)!.GetValue(null)!;

        Assert.All(codes, code => Assert.True(table.Contains(code), code));
    }

    [Fact]
    public void Every_cmdlet_declares_its_output_and_one_that_changes_something_can_write_it() => Assert.All(CmdletTypes(), type =>
    {
        Assert.NotEmpty(type.GetCustomAttributes<OutputTypeAttribute>());
        var writesNothing = type.GetCustomAttribute<CmdletAttribute>()!.VerbName is "Stop" or "Remove" or "Set" or "Unpublish" or "Approve" or "Deny" or "Exit" or "Suspend" or "Disconnect";
        Assert.True(!writesNothing || type.GetProperty("PassThru") is not null, $"{type.Name} has no -PassThru.");
    });

    [Theory]
    [InlineData("TableControl")]
    [InlineData("ListControl")]
    public void Every_output_type_has_a_table_and_a_list(string control)
    {
        var views = XDocument.Load(Repository.Combine("module", "P2PShare.Format.ps1xml"))
            .Descendants("View").Where(view => view.Element(control) is not null)
            .SelectMany(view => view.Descendants("TypeName")).Select(name => name.Value).ToHashSet();
        var declared = CmdletTypes().SelectMany(type => type.GetCustomAttributes<OutputTypeAttribute>())
            .SelectMany(output => output.Type).Select(type => type.Name).Where(name => name.StartsWith("P2PShare.", StringComparison.Ordinal));
        // What jobs give is declared nowhere.
        var others = ModuleAssembly().GetExportedTypes()
            .Where(type => type.Namespace == "P2PShare" && type.IsClass && type.Name.StartsWith("P2P", StringComparison.Ordinal)).Select(type => type.FullName!);

        Assert.All(declared.Union(others), type => Assert.Contains(type, views));
    }

    [Fact]
    public void Tables_fit_a_window_of_80_columns_and_cut_nothing_off()
    {
        const int Window = 80;
        const int LeastForNames = 18;
        var tables = XDocument.Load(Repository.Combine("module", "P2PShare.Format.ps1xml")).Descendants("TableControl").ToList();

        Assert.NotEmpty(tables);
        foreach (var table in tables)
        {
            var type = table.Parent!.Element("Name")!.Value;
            var columns = table.Descendants("TableColumnHeader").ToList();
            var open = columns.Count(column => column.Element("Width") is null);
            var needed = columns.Sum(column => (int?)column.Element("Width") ?? LeastForNames) + columns.Count - 1;
            Assert.True(open > 0 && needed <= Window, $"The table of {type} needs {needed} columns, and {open} of its columns take what is left.");
            Assert.All(table.Descendants("TableRowEntry"), row => Assert.True(row.Element("Wrap") is not null, $"The table of {type} cuts long values off: its row has no <Wrap />."));
        }
    }

    [Fact]
    public void No_engine_type_is_in_the_public_surface()
    {
        var engine = ModuleAssembly().GetExportedTypes()
            .SelectMany(type => type.GetProperties().Select(property => (type, property)))
            .Where(member => member.property.PropertyType.Assembly.GetName().Name is "P2PShare.Transfer" or "P2PShare.Protocol");

        Assert.Empty(engine);
    }

    [Fact]
    public void It_can_be_removed_and_imported_again()
    {
        _shell.Succeed("""
            $manifest = (Get-Module P2PShare).Path -replace 'P2PShare\.Cmdlets\.dll$', 'P2PShare.psd1'
            Remove-Module P2PShare
            if (Get-Command Get-P2PFile -ErrorAction Ignore) { throw 'still there' }
            Import-Module $manifest
            """);

        Assert.Equal("NotLoggedIn", _shell.Fail("Get-P2PGroup"));
        Assert.Empty(_shell.Warnings);
    }

    [Fact]
    public void Without_a_session_every_cmdlet_advises_to_connect()
    {
        foreach (var script in new[] { "Get-P2PGroup", "Get-P2PFile dev", "New-P2PGroup dev", "Get-P2PDownload", "Start-P2PPeerServer", "Receive-P2PFile dev x" })
        {
            Assert.Equal("NotLoggedIn", _shell.Fail(script));
            Assert.Contains("Connect-P2PTracker", _shell.Errors[0].ErrorDetails.RecommendedAction, StringComparison.Ordinal);
            Assert.Equal(ErrorCategory.AuthenticationError, _shell.Errors[0].CategoryInfo.Category);
        }
    }

    private Assembly ModuleAssembly() => ((Type)_shell.Succeed("(Get-Command Get-P2PFile).ImplementingType").Single().BaseObject).Assembly;

    private IEnumerable<Type> CmdletTypes() => ModuleAssembly().GetExportedTypes().Where(type => type.IsDefined(typeof(CmdletAttribute)));
}
