namespace VkInfer.Tokenization;

/// <summary>Who speaks in a chat.</summary>
public enum TemplateRole
{
    /// <summary>Instructions that stand above the conversation.</summary>
    System,

    /// <summary>The person who asks.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,

    /// <summary>A tool that the model called.</summary>
    Tool,
}
