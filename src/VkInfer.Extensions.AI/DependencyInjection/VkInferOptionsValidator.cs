using Microsoft.Extensions.Options;

namespace VkInfer.Extensions.AI;

/// <summary>Says which option is not allowed, before a model is loaded with it.</summary>
internal sealed class VkInferOptionsValidator(string name) : IValidateOptions<VkInferOptions>
{
    public ValidateOptionsResult Validate(string? optionsName, VkInferOptions options)
    {
        if (optionsName != name)
        {
            return ValidateOptionsResult.Skip;
        }

        try
        {
            options.Validate();
            return ValidateOptionsResult.Success;
        }
        catch (ArgumentException problem)
        {
            return ValidateOptionsResult.Fail(problem.Message);
        }
    }
}
