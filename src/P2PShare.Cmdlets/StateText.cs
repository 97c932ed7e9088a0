using System.Management.Automation;

namespace P2PShare;

/// <summary>States, roles and results in the colours of $PSStyle, for views.</summary>
public static class StateText
{
    /// <summary>The name of a state in its colour. PowerShell removes the colour if the host, $PSStyle or NO_COLOR disables it.</summary>
    /// <param name="state">Such as <see cref="P2PDownloadState.Running"/> or <see cref="JobState.Failed"/>.</param>
    /// <param name="style">$PSStyle; null is no colour.</param>
    public static string Paint(object? state, object? style)
    {
        var name = state?.ToString() ?? "";
        var colour = name switch
        {
            "Running" or "Owner" => Read(style, "Foreground", "Cyan"),
            "Complete" or "Completed" or "Match" or "Received" => Read(style, "Foreground", "Green"),
            "Failed" or "Different" => Read(style, "Formatting", "Error"),
            "Suspended" or "Stopping" or "Stopped" or "Requested" or "Missing" or "Replaced" or "Deleted" => Read(style, "Formatting", "Warning"),
            "None" => Read(style, "Foreground", "BrightBlack"),
            _ => null,
        };
        return colour is null ? name : colour + name + Read(style, "Reset");
    }

    // By name, because PowerShellStandard.Library does not have the type of $PSStyle.
    private static string? Read(object? style, params string[] path) => (string?)path.Aggregate(
        style, (at, name) => at is null ? null : PSObject.AsPSObject(at).Properties[name]?.Value);
}
