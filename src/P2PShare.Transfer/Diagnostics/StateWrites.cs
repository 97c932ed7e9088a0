using Microsoft.Extensions.Logging;

namespace P2PShare.Transfer.Diagnostics;

/// <summary>Writes to the state folder that no caller waits for.</summary>
internal static class StateWrites
{
    /// <summary>Lets a write end by itself. If it fails, a warning is logged.</summary>
    public static void ObserveFailure(this Task write, ILogger logger)
    {
        _ = ObserveAsync();

        async Task ObserveAsync()
        {
            try
            {
                await write.ConfigureAwait(false);
            }
            catch (Exception e)
            {
                logger.StateWriteFailed(e.Message);
            }
        }
    }
}
