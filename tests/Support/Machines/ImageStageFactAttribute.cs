namespace P2PShare.Support;

/// <summary>A test that runs a Dockerfile's steps in an <see cref="ImageStage"/>; skipped if this machine cannot.</summary>
public sealed class ImageStageFactAttribute : FactAttribute
{
    public ImageStageFactAttribute() => Skip = ImageStage.Missing;
}
