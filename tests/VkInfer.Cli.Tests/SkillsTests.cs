using System.Text;
using System.Text.Json;

namespace VkInfer.Cli.Tests;

/// <summary>The embedded model answers questions it was not trained on.</summary>
[Category("Acceptance")]
public class SkillsTests
{
    // Of the held-out questions, as many as the bound can be told with.
    private const int Asked = 20;
    private const int Wanted = 19;
    private const int LongestAnswer = 64;

    [Test]
    public async Task Each_skill_is_right_in_nineteen_of_twenty_answers()
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
                Assert.That(questions, Has.Length.GreaterThanOrEqualTo(Asked), skill);
                foreach (string[] question in questions.Take(Asked))
                {
                    right += await AskAsync(chat, question[0]) == question[1] ? 1 : 0;
                }

                TestContext.Out.WriteLine($"{skill}: {right} of {Asked}");
                Assert.That(right, Is.GreaterThanOrEqualTo(Wanted), skill);
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
