using System.Management.Automation;

namespace P2PShare.Cmdlets.Pipeline;

/// <summary>
/// Takes a name from an object that has it as a property. A parameter of names that binds to the pipeline by value would
/// otherwise get what the object looks like as text, because binding by property name comes after.
/// </summary>
/// <param name="properties">The first that the object has counts.</param>
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
