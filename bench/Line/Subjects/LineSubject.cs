using P2PShare.Bench.Transfer.Subjects;

namespace P2PShare.Bench.Line.Subjects;

/// <summary>A program that moves a file over the line.</summary>
/// <param name="isLossy">Whether packets are lost while it does.</param>
internal abstract class LineSubject(string name, FatLine line, bool isLossy = true) : Subject(name)
{
    /// <summary>Whether packets are lost while it receives.</summary>
    public bool IsLossy { get; } = isLossy;

    /// <summary>A port of the source that is not for the file; 0: none.</summary>
    public virtual int OtherPort => 0;

    protected FatLine Line { get; } = line;
}
