namespace P2PShare.Bench.Delta;

/// <summary>What became of the old version, and what a receiver has of it.</summary>
internal enum Case
{
    /// <summary>A disk image in which files were written and removed.</summary>
    ImageInPlace,

    /// <summary>A disk image made anew of the changed folder.</summary>
    ImageRebuilt,

    /// <summary>An archive of a folder to whose front files were added.</summary>
    Tar,

    /// <summary>A disk of which a tenth is written, in extents of 64 KiB. There is no old version.</summary>
    Sparse,

    /// <summary>A folder of many files of which a few changed.</summary>
    BuildFolder,

    /// <summary>The new disk image, for a receiver that has no old one.</summary>
    NoLocalFile,

    /// <summary>The new disk image, for a receiver whose old file has nothing in common with it.</summary>
    NothingEqual,

    /// <summary>The disk image changed in place, from one seed to many receivers at once.</summary>
    Receivers,

    /// <summary>A file of text that shrinks to a fraction, for receivers without it: with compression on the line and without.</summary>
    Compressible,

    /// <summary>A file of random bytes in its place.</summary>
    Incompressible,
}
