using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace P2PShare.TrackerHost.Configuration;

/// <summary>Checks data annotations and reports their messages as they are; the framework's own validator wraps each in words for programmers.</summary>
internal sealed class AnnotationValidator<TOptions> : IValidateOptions<TOptions>
    where TOptions : class
{
    public ValidateOptionsResult Validate(string? name, TOptions options)
    {
        var results = new List<ValidationResult>();
        return Validator.TryValidateObject(options, new ValidationContext(options), results, validateAllProperties: true)
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(results.Select(result => result.ErrorMessage!));
    }
}
