using System.ComponentModel.DataAnnotations;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>The operator's certificate; without one the tracker creates its own.</summary>
internal sealed class CertificateOptions : IValidatableObject
{
    /// <summary>PEM, with its chain, or PFX; null: the certificate that the tracker creates for itself.</summary>
    public string? CertificatePath { get; set; }

    /// <summary>PEM; null: the private key is in the file of the certificate.</summary>
    public string? CertificateKeyPath { get; set; }

    /// <summary>Of a PFX or an encrypted key. Never on the command line.</summary>
    public string? CertificatePassword { get; set; }

    /// <summary>A file whose first line is the password.</summary>
    public string? CertificatePasswordFile { get; set; }

    /// <summary>How often the certificate's files are read again.</summary>
    internal TimeSpan CertificateInterval { get; set; } = TimeSpan.FromSeconds(30);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        const string Section = TrackerSettings.Section;
        if (CertificatePath is null)
        {
            foreach (var (name, value) in new[]
            {
                (nameof(CertificateKeyPath), CertificateKeyPath),
                (nameof(CertificatePassword), CertificatePassword),
                (nameof(CertificatePasswordFile), CertificatePasswordFile),
            })
            {
                if (value is not null)
                {
                    yield return new ValidationResult(
                        $"{Section}:{name} is set, but {Section}:{nameof(CertificatePath)} is not: the path of a certificate was expected there.");
                }
            }
        }
        else if (CertificatePassword is not null && CertificatePasswordFile is not null)
        {
            yield return new ValidationResult(
                $"{Section}:{nameof(CertificatePassword)} and {Section}:{nameof(CertificatePasswordFile)} are both set: one was expected.");
        }
    }
}
