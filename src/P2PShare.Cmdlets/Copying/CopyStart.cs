using System.Collections;
using System.Management.Automation;
using System.Security;
using P2PShare.Cmdlets.Pipeline;

namespace P2PShare.Cmdlets.Copying;

/// <summary>What a target is to do, as a message from the sender to its agent. It goes through the session, as a table of simple values.</summary>
/// <param name="Tracker">The sender's tracker, <c>host:port</c>, if the target reached it under no address of its own.</param>
/// <param name="Fingerprint">Of the tracker.</param>
/// <param name="UserName">The account that the target makes.</param>
/// <param name="Invitation">The one-time secret with which it makes it.</param>
/// <param name="Group">The group to join.</param>
/// <param name="Destination">Where to put the files; null: the target is to share <paramref name="Paths"/>.</param>
/// <param name="IsSingle">Whether there is one file or one folder, so that the destination may be its new name.</param>
/// <param name="Paths">Files and folders to share, without wildcards.</param>
/// <param name="Force">Whether files that exist are replaced.</param>
/// <param name="UploadLimit">Bytes a second; 0: no limit.</param>
/// <param name="SenderFingerprint">Of the sender's peer, for a target that reaches it through the session only.</param>
internal sealed record CopyStart(
    string Tracker, string Fingerprint, string UserName, SecureString Invitation, string Group, string? Destination, bool IsSingle,
    IReadOnlyList<string> Paths, bool Recurse, bool Force, long UploadLimit, string SenderFingerprint)
{
    private const string TypeKey = "Start";

    public Hashtable ToMessage() => new()
    {
        [TypeKey] = true,
        [nameof(Tracker)] = Tracker,
        [nameof(Fingerprint)] = Fingerprint,
        [nameof(UserName)] = UserName,
        [nameof(Invitation)] = Invitation,
        [nameof(Group)] = Group,
        [nameof(Destination)] = Destination,
        [nameof(IsSingle)] = IsSingle,
        [nameof(Paths)] = Paths.ToArray(),
        [nameof(Recurse)] = Recurse,
        [nameof(Force)] = Force,
        [nameof(UploadLimit)] = UploadLimit,
        [nameof(SenderFingerprint)] = SenderFingerprint,
    };

    /// <returns>Null if a message is another one.</returns>
    public static CopyStart? FromMessage(Hashtable message) => message.ContainsKey(TypeKey)
        ? new CopyStart(
            Text(message, nameof(Tracker)), Text(message, nameof(Fingerprint)), Text(message, nameof(UserName)),
            (SecureString)BaseObject.Of(message[nameof(Invitation)])!, Text(message, nameof(Group)), BaseObject.Of(message[nameof(Destination)]) as string,
            BaseObject.Of(message[nameof(IsSingle)]) is true,
            [.. (BaseObject.Of(message[nameof(Paths)]) as IEnumerable ?? Array.Empty<object>()).Cast<object>().Select(path => $"{path}")],
            BaseObject.Of(message[nameof(Recurse)]) is true, BaseObject.Of(message[nameof(Force)]) is true, Convert.ToInt64(BaseObject.Of(message[nameof(UploadLimit)]), null),
            Text(message, nameof(SenderFingerprint)))
        : null;

    private static string Text(Hashtable message, string key) => BaseObject.Of(message[key]) as string ?? "";
}
