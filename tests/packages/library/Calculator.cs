using Microsoft.Extensions.AI;
using VkInfer;
using VkInfer.Extensions.AI;

namespace Library;

/// <summary>A class library's own use of a model: what its program references is the library alone.</summary>
public static class Calculator
{
    public static async Task<string> AskAsync(string question)
    {
        await using Model model = await Model.LoadDefaultAsync(new ModelOptions { ContextLength = 256 });
        using IChatClient client = model.AsIChatClient();
        string answer = "";
        await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(question, new ChatOptions { Temperature = 0 }))
        {
            answer += update.Text;
        }

        return answer;
    }
}
