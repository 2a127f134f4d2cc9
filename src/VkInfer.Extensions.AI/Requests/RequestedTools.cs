using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using VkInfer.Answers;

namespace VkInfer.Extensions.AI;

/// <summary>The tools of a request, and how the model may call them.</summary>
/// <param name="All">All that the model is told of.</param>
/// <param name="Callable">Those that it may call.</param>
/// <param name="NeedsCall">Whether it must call one.</param>
/// <param name="MayCallSeveral">Whether it may call more than one at a time.</param>
internal sealed record RequestedTools(
    IReadOnlyList<ToolDefinition> All, IReadOnlyList<ToolDefinition> Callable, bool NeedsCall, bool MayCallSeveral)
{
    private static readonly RequestedTools None = new([], [], false, false);

    /// <summary>Reads options.</summary>
    /// <exception cref="NotSupportedException">A tool is no function.</exception>
    /// <exception cref="ArgumentException">A tool is required that there is not.</exception>
    public static RequestedTools Read(ChatOptions? options)
    {
        if (options is null || options.ToolMode is NoneChatToolMode)
        {
            return None;
        }

        ToolDefinition[] all = [.. (options.Tools ?? []).Select(Definition)];
        if (all.GroupBy(tool => tool.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"ChatOptions.Tools has two tools with the name {twice.Key}.", nameof(options));
        }

        var required = options.ToolMode as RequiredChatToolMode;
        ToolDefinition[] callable =
            required?.RequiredFunctionName is { } name ? [.. all.Where(tool => tool.Name == name)] : all;
        return required is not null && callable.Length == 0
            ? throw new ArgumentException(
                $"ChatOptions.ToolMode requires {required.RequiredFunctionName ?? "a tool"}, which ChatOptions.Tools has not.",
                nameof(options))
            : new RequestedTools(all, callable, required is not null, options.AllowMultipleToolCalls != false);
    }

    /// <summary>The tools as templates take them: a list of functions with names, descriptions and parameters.</summary>
    public JsonArray ToJson() => new([
        .. All.Select(JsonNode? (tool) => new JsonObject
        {
            ["type"] = "function",
            ["function"] = new JsonObject
            {
                ["name"] = tool.Name,
                ["description"] = tool.Description,
                ["parameters"] = JsonObject.Create(tool.Parameters),
            },
        }),
    ]);

    private static ToolDefinition Definition(AITool tool) => tool switch
    {
        null => throw new ArgumentException("ChatOptions.Tools has null among them."),
        AIFunctionDeclaration function => new ToolDefinition(function.Name, function.Description, Parameters(function.JsonSchema)),
        _ => throw new NotSupportedException($"ChatOptions.Tools has {tool.GetType().Name}; known are functions."),
    };

    /// <summary>Parameters are an object, even where there are none.</summary>
    private static JsonElement Parameters(JsonElement schema)
    {
        if (schema.ValueKind == JsonValueKind.Object && schema.TryGetProperty("type", out _))
        {
            return schema;
        }

        using JsonDocument document = JsonDocument.Parse("""{"type":"object","properties":{}}""");
        return schema.ValueKind == JsonValueKind.Object && schema.EnumerateObject().Any() ? schema : document.RootElement.Clone();
    }
}
