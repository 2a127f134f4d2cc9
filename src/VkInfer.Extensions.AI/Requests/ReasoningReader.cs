using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace VkInfer.Extensions.AI;

/// <summary>How much a model is to think, as its template takes it.</summary>
internal static class ReasoningReader
{
    private const string Effort = "reasoning_effort", Switch = "enable_thinking";

    /// <summary>Adds what options say to the template's variables.</summary>
    /// <exception cref="NotSupportedException">The model's template has no such setting.</exception>
    public static void Apply(ReasoningOptions? reasoning, ModelText text, JsonObject variables)
    {
        if (reasoning?.Output == ReasoningOutput.Summary)
        {
            throw new NotSupportedException("ChatOptions.Reasoning: there are no summaries of reasoning; known are None and Full.");
        }

        if (reasoning?.Effort is not { } effort)
        {
            return;
        }

        bool isOff = effort == ReasoningEffort.None;
        if (text.Source.Contains(Effort, StringComparison.Ordinal) && !isOff)
        {
            variables[Effort] = effort switch
            {
                ReasoningEffort.Low => "low",
                ReasoningEffort.Medium => "medium",
                ReasoningEffort.High => "high",
                _ => throw new NotSupportedException($"ChatOptions.Reasoning: effort {effort}; the model knows low, medium and high."),
            };
        }
        else if (text.Source.Contains(Switch, StringComparison.Ordinal))
        {
            variables[Switch] = !isOff;
        }
        else if (!isOff || text.Format.HasReasoning)
        {
            throw new NotSupportedException(
                $"ChatOptions.Reasoning: effort {effort}; the template of {text.Name} has no setting for it ({Effort}, {Switch}).");
        }
    }
}
