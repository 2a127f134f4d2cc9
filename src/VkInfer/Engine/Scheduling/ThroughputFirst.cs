namespace VkInfer.Engine.Scheduling;

/// <summary>Prompts fill the step: most tokens in all, and gaps between the tokens of those who decode.</summary>
internal sealed class ThroughputFirst : IPromptPolicy
{
    public int PromptRows(int decodeRows) => int.MaxValue;

    public void Observe(int decodeRows, int promptRows, TimeSpan time)
    {
    }
}
