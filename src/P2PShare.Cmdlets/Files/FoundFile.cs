using P2PShare.Protocol.Tracker;

namespace P2PShare.Cmdlets.Files;

/// <summary>A file of a group.</summary>
/// <param name="CaseConflict">Whether the group has another one whose name differs only in case.</param>
internal readonly record struct FoundFile(FileResponse File, bool CaseConflict)
{
    public P2PFile Describe() => new(File, CaseConflict);
}
