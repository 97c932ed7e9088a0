using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace P2PShare.Shell.Hosting;

/// <summary>This program as the PowerShell engine sees it.</summary>
internal sealed class ConsoleHost(ConsoleUserInterface userInterface) : PSHost
{
    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    public override Guid InstanceId { get; } = Guid.NewGuid();

    public override string Name => "p2pshare";

    public override PSHostUserInterface UI => userInterface;

    public override Version Version { get; } = typeof(ConsoleHost).Assembly.GetName().Version ?? new Version();

    /// <summary>What a script gave to <c>exit</c>; null until it did.</summary>
    public int? RequestedExitCode { get; private set; }

    public override void SetShouldExit(int exitCode) => RequestedExitCode = exitCode;

    public override void NotifyBeginApplication()
    {
    }

    public override void NotifyEndApplication()
    {
    }

    public override void EnterNestedPrompt() => throw new PSNotSupportedException("p2pshare has no nested prompt.");

    public override void ExitNestedPrompt() => throw new PSNotSupportedException("p2pshare has no nested prompt.");
}
