using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace VkInfer.Tests.Families;

/// <summary>Logits of a model by an independent implementation: row i holds those after token i.</summary>
/// <param name="Name">The model's name.</param>
/// <param name="Path">Its file or folder.</param>
/// <param name="Tokens">One per row.</param>
/// <param name="Rows">[Tokens.Length][VocabSize].</param>
internal sealed record LogitsReference(string Name, string Path, int[] Tokens, float[][] Rows)
{
    /// <summary>A GGUF model of the test data, with the float64 evaluation that lies beside it.</summary>
    public static LogitsReference OfGguf(string name)
    {
        using JsonDocument index = JsonDocument.Parse(File.ReadAllBytes(TestModels.DataFile("goldens/logits/index.json")));
        JsonElement entry =
            index.RootElement.EnumerateArray().Single(element => element.GetProperty("model").GetString() == $"models/{name}.gguf");
        JsonElement logits = entry.GetProperty("logits");
        int[] tokens = [.. Ints(entry, "prompt_tokens"), .. Ints(entry, "greedy_llamacpp")];
        byte[] bytes = File.ReadAllBytes(TestModels.DataFile("goldens/logits/" + logits.GetProperty("file").GetString()));
        float[] values = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
        return new LogitsReference(
            name, TestModels.DataFile($"models/{name}.gguf"), tokens[..logits.GetProperty("rows").GetInt32()],
            [.. values.Chunk(logits.GetProperty("cols").GetInt32())]);
    }

    /// <summary>A fixture that <c>tools/golden</c> made; its model is in Hugging Face layout.</summary>
    public static LogitsReference OfFixture(string name)
    {
        string folder = System.IO.Path.Combine(Fixtures, name);
        int[] tokens = JsonSerializer.Deserialize<int[]>(File.ReadAllBytes(System.IO.Path.Combine(folder, "tokens.json")))!;
        float[] values = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(System.IO.Path.Combine(folder, "logits.f32"))).ToArray();
        return new LogitsReference(name, folder, tokens, [.. values.Chunk(values.Length / tokens.Length)]);
    }

    /// <summary>The names of all fixtures.</summary>
    public static IEnumerable<string> FixtureNames() =>
        Directory.GetDirectories(Fixtures).Select(folder => System.IO.Path.GetFileName(folder)).Order();

    private static string Fixtures => System.IO.Path.Combine(Folder(), "..", "Fixtures");

    private static string Folder([CallerFilePath] string here = "") => System.IO.Path.GetDirectoryName(here)!;

    /// <summary>The largest difference, relative to the largest logit of the reference.</summary>
    public double ErrorOf(IReadOnlyList<float[]> actual) =>
        ErrorOf(Enumerable.Range(0, Rows.Length).ToDictionary(row => row, row => actual[row]));

    /// <summary>The same, of some rows by their index.</summary>
    public double ErrorOf(IReadOnlyDictionary<int, float[]> actual)
    {
        double worst = 0;
        foreach ((int row, float[] logits) in actual)
        {
            for (int i = 0; i < Rows[row].Length; i++)
            {
                double difference = Math.Abs((double)logits[i] - Rows[row][i]);
                worst = double.IsNaN(difference) ? double.PositiveInfinity : Math.Max(worst, difference);
            }
        }

        return worst / Rows.Max(row => row.Max(Math.Abs));
    }

    private static IEnumerable<int> Ints(JsonElement element, string name) =>
        element.GetProperty(name).EnumerateArray().Select(id => id.GetInt32());
}
