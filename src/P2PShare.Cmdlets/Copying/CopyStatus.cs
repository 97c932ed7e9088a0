using System.Collections;
using System.Management.Automation;
using P2PShare.Cmdlets.Pipeline;
using P2PShare.Protocol.Names;

namespace P2PShare.Cmdlets.Copying;

/// <summary>
/// How far a target is, as its agent reports it through the session. The target may be anybody's machine: what comes is checked, made safe for
/// a terminal, and bounded.
/// </summary>
/// <param name="State">One of the constants of <see cref="CopyStatus"/>.</param>
/// <param name="Fingerprint">Of the target's peer; empty until it has one.</param>
/// <param name="Bytes">Verified so far; of a target that shares: hashed and shared.</param>
/// <param name="BytesTotal">Of all files.</param>
/// <param name="BytesFetched">From peers.</param>
/// <param name="BytesReused">That the target had already, or that are zeros.</param>
/// <param name="IsThroughSession">Whether the bytes come through the session, because no other way goes.</param>
/// <param name="Error">Sentences about what failed; null if nothing did.</param>
internal sealed record CopyStatus(
    string State, string Fingerprint = "", long Bytes = 0, long BytesTotal = 0, long BytesFetched = 0, long BytesReused = 0, string? Error = null,
    bool IsThroughSession = false)
{
    public const string NeedPackage = nameof(NeedPackage);
    public const string Ready = nameof(Ready);
    public const string Joining = nameof(Joining);
    public const string Joined = nameof(Joined);
    public const string Copying = nameof(Copying);
    public const string Serving = nameof(Serving);
    public const string Failed = nameof(Failed);

    private const int MaxText = 4096;

    public Hashtable ToMessage() => new()
    {
        [nameof(State)] = State,
        [nameof(Fingerprint)] = Fingerprint,
        [nameof(Bytes)] = Bytes,
        [nameof(BytesTotal)] = BytesTotal,
        [nameof(BytesFetched)] = BytesFetched,
        [nameof(BytesReused)] = BytesReused,
        [nameof(Error)] = Error,
        [nameof(IsThroughSession)] = IsThroughSession,
    };

    /// <returns>Null if it is no status.</returns>
    public static CopyStatus? FromMessage(object? message) => BaseObject.Of(message) is Hashtable table && Text(table, nameof(State)) is { } state
        ? new CopyStatus(
            state, Text(table, nameof(Fingerprint)) ?? "", Number(table, nameof(Bytes)), Number(table, nameof(BytesTotal)),
            Number(table, nameof(BytesFetched)), Number(table, nameof(BytesReused)), Text(table, nameof(Error)),
            BaseObject.Of(table[nameof(IsThroughSession)]) is true)
        : null;

    private static string? Text(Hashtable table, string key) => BaseObject.Of(table[key]) is string text
        ? PrintableCharacter.Defuse(text.Length > MaxText ? text[..MaxText] : text)
        : null;

    private static long Number(Hashtable table, string key) => BaseObject.Of(table[key]) switch
    {
        long number => Math.Max(0, number),
        int number => Math.Max(0, number),
        _ => 0,
    };
}
