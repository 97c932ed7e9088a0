using Microsoft.Extensions.Logging;
using P2PShare.Protocol;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>What downloads log, at Debug: for a person who looks for the cause of something.</summary>
internal static partial class DownloadLog
{
    [LoggerMessage(200, LogLevel.Debug, "The peer {Fingerprint} is not used for '{Name}' any more: {Why}.")]
    public static partial void PeerBanned(this ILogger logger, Hash256 fingerprint, string name, string why);

    [LoggerMessage(201, LogLevel.Debug, "There is no bulk connection to {Fingerprint}: {Problem}")]
    public static partial void BulkConnectionFailed(this ILogger logger, Hash256 fingerprint, string problem);

    [LoggerMessage(202, LogLevel.Debug, "The unrecorded part of '{Name}' was not used: {Problem}")]
    public static partial void UnrecordedNotUsed(this ILogger logger, string name, string problem);

    [LoggerMessage(203, LogLevel.Debug, "What was verified of '{Name}' could not be recorded: {Problem}")]
    public static partial void RecordFailed(this ILogger logger, string name, string problem);

    [LoggerMessage(204, LogLevel.Debug, "The sources of small files of group '{Group}' were not found together: {Problem}")]
    public static partial void SmallContentsNotFound(this ILogger logger, string group, string problem);

    [LoggerMessage(205, LogLevel.Debug, "Small files were not written together: {Problem}")]
    public static partial void SmallContentsNotWritten(this ILogger logger, string problem);

    [LoggerMessage(206, LogLevel.Debug, "Small files cannot be fetched from {Peer}: {Problem}")]
    public static partial void SmallContentSourceFailed(this ILogger logger, Hash256 peer, string problem);

    [LoggerMessage(207, LogLevel.Warning, "Small files were received, but are not offered to others: {Problem}")]
    public static partial void SmallContentsNotOffered(this ILogger logger, string problem);

    [LoggerMessage(208, LogLevel.Debug, "The file that '{Name}' replaces was not used: {Problem}")]
    public static partial void OldFileNotUsed(this ILogger logger, string name, string problem);

    [LoggerMessage(209, LogLevel.Debug, "A piece of '{Name}' could not be made of what this machine has, and is fetched. Of others like it nothing is said: {Problem}")]
    public static partial void PieceNotFilled(this ILogger logger, string name, string problem);

    [LoggerMessage(221, LogLevel.Warning, "'{Name}': {Problem}")]
    public static partial void FilesNotSearched(this ILogger logger, string name, string problem);

    [LoggerMessage(220, LogLevel.Debug, "The chunk map of content {PiecesRoot} was not kept: {Problem}")]
    public static partial void ChunkMapNotKept(this ILogger logger, Hash256 piecesRoot, string problem);
}
