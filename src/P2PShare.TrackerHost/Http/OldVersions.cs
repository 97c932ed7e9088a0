using System.Globalization;
using P2PShare.Protocol;
using P2PShare.Protocol.Tracker;

namespace P2PShare.TrackerHost.Http;

/// <summary>Answers every request of an earlier version of the protocol with one sentence that names both versions.</summary>
internal static class OldVersions
{
    private static readonly PathString First = "/v1";

    public static void RefuseOldVersions(this WebApplication app) => app.Use((context, next) => context.Request.Path.StartsWithSegments(First)
        ? Problems.WriteAsync(
            context,
            Problems.StatusOf(ErrorCode.VersionNotSupported),
            ErrorCode.VersionNotSupported,
            string.Create(
                CultureInfo.InvariantCulture,
                $"This program speaks version 1 of the tracker's protocol, and this tracker version {TrackerRoutes.Version}: update P2PShare on this machine."))
        : next(context));
}
