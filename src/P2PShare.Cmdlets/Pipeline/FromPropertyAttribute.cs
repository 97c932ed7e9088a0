using System.Management.Automation;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Takes a name from a property of an object. Otherwise a parameter that binds names from the pipeline by value would receive the
/// object as text, because PowerShell binds by value before it binds by property name.
/// </summary>
/// <param name="properties">The first one that the object has is used.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class FromPropertyAttribute(params string[] properties) : ArgumentTransformationAttribute
{
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        if (inputData is null)
        {
            return null;
        }

        var input = PSObject.AsPSObject(inputData);
        return input.BaseObject is string or System.Collections.IEnumerable
            ? inputData
            : properties.Select(name => input.Properties[name]?.Value).FirstOrDefault(value => value is not null) ?? inputData;
    }
}
