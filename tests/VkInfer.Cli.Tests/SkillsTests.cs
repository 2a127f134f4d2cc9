using System.Text;
using System.Text.Json;

namespace VkInfer.Cli.Tests;

/// <summary>The embedded model answers questions it was not trained on.</summary>
[Category("Acceptance")]
public class SkillsTests
{
    private const int LongestAnswer = 64;

    [Test]
    public Task Each_skill_is_right_in_seven_of_eight_answers() => Ask(asked: 8, wanted: 7);

    /// <summary>Of the held-out questions, as many as the bound can be told with.</summary>
    [Test]
    [Category("Release")]
    public Task Each_skill_is_right_in_nineteen_of_twenty_answers() => Ask(asked: 20, wanted: 19);

    private static async Task Ask(int asked, int wanted)
    {
        string file = Path.Combine(AppContext.BaseDirectory, "Skills", "skills.json");
        Dictionary<string, string[][]> skills =
            JsonSerializer.Deserialize<Dictionary<string, string[][]>>(await File.ReadAllBytesAsync(file))!;
        using Model model = Model.LoadDefault(new ModelOptions { Device = CliRun.Device, ContextLength = 256 });
        using var chat = new ChatSession(model);
        Assert.That(skills, Is.Not.Empty);
        await Assert.MultipleAsync(async () =>
        {
            foreach ((string skill, string[][] questions) in skills)
            {
                int right = 0;
                Assert.That(questions, Has.Length.GreaterThanOrEqualTo(asked), skill);
                foreach (string[] question in questions.Take(asked))
                {
                    right += await AskAsync(chat, question[0]) == question[1] ? 1 : 0;
                }

                TestContext.Out.WriteLine($"{skill}: {right} of {asked}");
                Assert.That(right, Is.GreaterThanOrEqualTo(wanted), skill);
            }
        });
    }

    private static async Task<string> AskAsync(ChatSession chat, string question)
    {
        chat.Reset();
        var answer = new StringBuilder();
        var options = new GenerationOptions { Sampling = SamplingOptions.Greedy, MaxTokens = LongestAnswer };
        await foreach (GenerationUpdate update in chat.SendAsync(question, options))
        {
            answer.Append(update.Text);
        }

        return answer.ToString();
    }
}
