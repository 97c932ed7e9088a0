using System.Management.Automation;

namespace P2PShare.Shell.Hosting;

/// <summary>Returns the password of the line that was typed last, or asks for one. No text that the history keeps has a password.</summary>
[Cmdlet(VerbsCommunications.Read, "TypedPassword")]
public sealed class ReadTypedPassword : PSCmdlet
{
    protected override void EndProcessing()
    {
        if (ShellSession.Current.Prompt.TakePassword() is { } password)
        {
            WriteObject(password);
            return;
        }

        Host.UI.Write("Password: ");
        WriteObject(Host.UI.ReadLineAsSecureString());
    }
}
