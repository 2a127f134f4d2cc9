using System.Text.Json;
using VkInfer.Testing;

namespace VkInfer.Jinja.Tests;

/// <summary>Chat templates of published models, as jinja2 renders them.</summary>
public sealed class GoldenTests
{
    [Test]
    public void Every_golden_is_rendered_alike()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(ReferenceData.Find("goldens", "chat", "jinja2-rendered.json")));
        JsonElement goldens = document.RootElement;
        var templates = new Dictionary<string, JinjaTemplate>();
        (int rendered, int refused) = (0, 0);
        using (Assert.EnterMultipleScope())
        {
            foreach (JsonElement test in goldens.GetProperty("cases").EnumerateArray())
            {
                string name = test.GetProperty("template").GetString()!;
                if (!templates.TryGetValue(name, out JinjaTemplate? template))
                {
                    template = templates[name] = JinjaTemplate.Parse(
                        File.ReadAllText(ReferenceData.Find(name.Split('/'))),
                        Sample.Options(new DateTimeOffset(2025, 7, 10, 12, 0, 0, TimeSpan.Zero)));
                }

                string conversation = test.GetProperty("conversation").GetString()!;
                var variables = new Dictionary<string, object?>
                {
                    ["messages"] = goldens.GetProperty("conversations").GetProperty(conversation),
                    ["add_generation_prompt"] = test.GetProperty("add_generation_prompt").GetBoolean(),
                    ["bos_token"] = goldens.GetProperty("bos_token").GetString(),
                    ["eos_token"] = goldens.GetProperty("eos_token").GetString(),
                };
                if (test.GetProperty("tools").GetBoolean())
                {
                    variables["tools"] = goldens.GetProperty("tools");
                }

                string what = $"{name}, {conversation}, {test.GetProperty("add_generation_prompt")}, tools {test.GetProperty("tools")}";
                if (test.TryGetProperty("error", out JsonElement error))
                {
                    JinjaException? thrown = Assert.Throws<JinjaException>(() => template.Render(variables), what);
                    Assert.That((thrown?.Reason, thrown?.Kind), Is.EqualTo((error.GetString(), JinjaErrorKind.Raised)), what);
                    refused++;
                }
                else
                {
                    Assert.That(template.Render(variables), Is.EqualTo(test.GetProperty("output").GetString()), what);
                    rendered++;
                }
            }
        }

        TestContext.Out.WriteLine($"{rendered} renders and {refused} refusals of {templates.Count} templates are equal");
        Assert.That((templates.Count, rendered, refused), Is.EqualTo((8, 124, 4)));
    }
}
