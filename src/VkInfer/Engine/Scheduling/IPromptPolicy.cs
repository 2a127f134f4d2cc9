namespace VkInfer.Engine.Scheduling;

/// <summary>Divides a step between those who decode and those whose prompts are computed.</summary>
internal interface IPromptPolicy
{
    /// <summary>Rows that prompts may take beside so many rows of decoding sequences; 0 only now and then.</summary>
    int PromptRows(int decodeRows);

    /// <summary>Learns how long a step took.</summary>
    /// <param name="decodeRows">Its rows of decoding sequences.</param>
    /// <param name="promptRows">Its rows of prompts.</param>
    /// <param name="time">Its time on the device.</param>
    void Observe(int decodeRows, int promptRows, TimeSpan time);
}
