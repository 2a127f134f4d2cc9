using System.Text.Json;

namespace VkInfer.Answers;

/// <summary>A tool that a model may call.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Parameters">A JSON schema of an object: its arguments.</param>
public sealed record ToolDefinition(string Name, string Description, JsonElement Parameters);
