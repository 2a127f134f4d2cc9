using System.Diagnostics;

namespace VkInfer.Jinja.Tests;

/// <summary>A parsed template costs a turn of a chat next to nothing.</summary>
[Category("Timing")]
public sealed class SpeedTests
{
    private const string Template = """
        {%- if messages[0]['role'] == 'system' %}
            {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
        {%- endif %}
        {%- for message in messages %}
            {%- if message.role == "user" or (message.role == "system" and not loop.first) %}
                {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
            {%- elif message.role == "assistant" and not message.tool_calls %}
                {{- '<|im_start|>' + message.role + '\n' + message.content.split('</think>')[-1] | trim + '<|im_end|>\n' }}
            {%- endif %}
        {%- endfor %}
        {%- if add_generation_prompt %}
            {{- '<|im_start|>assistant\n' }}
        {%- endif %}
        """;

    [Test]
    public void A_usual_conversation_takes_well_under_a_millisecond()
    {
        var template = JinjaTemplate.Parse(Template);
        Dictionary<string, object?>[] messages = Enumerable.Range(0, 20).Select(i => new Dictionary<string, object?>
        {
            ["role"] = i % 2 == 0 ? "user" : "assistant",
            ["content"] = string.Concat(Enumerable.Repeat("some words of a usual length ", 10)),
        }).ToArray();
        KeyValuePair<string, object?>[] variables = [new("messages", messages), new("add_generation_prompt", true)];
        var times = new List<double>();
        for (int i = 0; i < 2000; i++)
        {
            var watch = Stopwatch.StartNew();
            template.Render(variables);
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        times.Sort();
        TestContext.Out.WriteLine($"a render takes {times[times.Count / 2] * 1000:F0} us (median), {times[0] * 1000:F0} us at best");
        Assert.That(times[times.Count / 2], Is.LessThan(0.5));
    }
}
