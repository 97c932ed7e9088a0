namespace P2PShare.Cmdlets.Tracker;

/// <summary>The warnings of a tracker session: for the cmdlet that opens it, later for the session's peer server.</summary>
internal sealed class TrackerWarnings
{
    /// <summary>Raised, on any thread, with a sentence.</summary>
    public event Action<string>? Added;

    public void Add(string sentence) => Added?.Invoke(sentence);
}
