using System.Management.Automation.Runspaces;

namespace P2PShare.Cmdlets.Copying;

/// <summary>What a copy is to do.</summary>
/// <param name="Sessions">Each with the name that its results have.</param>
/// <param name="Paths">Files and folders, without wildcards: of this machine, or of the targets if <paramref name="IsFrom"/>.</param>
/// <param name="Destination">On the targets as it was typed, or a full path on this machine if <paramref name="IsFrom"/>.</param>
/// <param name="IsLiteral">Whether wildcard characters in <paramref name="Paths"/> are ordinary ones; on this machine they were resolved before.</param>
/// <param name="IsFrom">Whether files come from the sessions.</param>
/// <param name="Force">Whether files that exist are replaced.</param>
/// <param name="Keep">Whether targets keep the engine.</param>
/// <param name="ThrottleLimit">Most targets that copy at a time.</param>
/// <param name="UploadLimit">Bytes a second, of this machine and of each target; null: no limit.</param>
internal sealed record CopyRequest(
    IReadOnlyList<(PSSession Session, string Name)> Sessions, IReadOnlyList<string> Paths, bool IsLiteral, string Destination, bool IsFrom, bool Recurse, bool Force, bool Keep,
    int ThrottleLimit, long? UploadLimit);
