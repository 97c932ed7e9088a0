using System.Collections;
using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol;
using P2PShare.Transfer.Storage;

namespace P2PShare.Cmdlets.Tracker;

/// <summary>Completes the addresses of the trackers whose fingerprint the state folder remembers.</summary>
public sealed class KnownTrackerCompleter : NameCompleter
{
    private protected override IReadOnlyList<(string Name, string ToolTip)> GetNames(IDictionary bound, string text)
    {
        // Nothing is made while a user types: a folder that is missing has no trackers.
        var given = BaseObject.Of(bound["StatePath"]);
        try
        {
            return [.. KnownTrackers.In(given as string).GetAll().Select(known => (known.Authority, $"{known.Authority} {known.Fingerprint}"))];
        }
        catch (Exception e) when (e is P2PShareException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A prompt has no place to show it.
            return [];
        }
    }
}
