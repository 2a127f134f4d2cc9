using VkInfer.Tokenization;

namespace VkInfer.Loading;

/// <summary>Checks that what a smaller model guesses are tokens of another.</summary>
internal static class DraftVocabulary
{
    // Families pad their vocabularies to other multiples in other sizes.
    private const int MostPadding = 256;

    /// <summary>Checks a pair of models.</summary>
    /// <exception cref="UnsupportedModelException">
    /// Their vocabularies differ, one of them has none, or one cannot go back to before a guess.
    /// </exception>
    public static void Check(Model model, Model draft)
    {
        string pair = $"{draft.Name} as draft model of {model.Name}";
        if (model.Config.IsRecurrent || draft.Config.IsRecurrent)
        {
            Model recurrent = model.Config.IsRecurrent ? model : draft;
            throw new UnsupportedModelException(
                $"{pair}: {recurrent.Name} has recurrent layers, whose state cannot go back to before a guess that does not hold.");
        }

        (Tokenizer own, Tokenizer other) = (model.Tokenizer, draft.Tokenizer);
        if (Math.Abs(own.VocabSize - other.VocabSize) > MostPadding)
        {
            throw new UnsupportedModelException($"{pair}: expected {own.VocabSize} tokens, got {other.VocabSize}.");
        }

        for (int id = 0; id < Math.Min(own.VocabSize, other.VocabSize); id++)
        {
            if (own.IsControl(id) != other.IsControl(id) || !own.GetTokenBytes(id).SequenceEqual(other.GetTokenBytes(id)))
            {
                throw new UnsupportedModelException(
                    $"{pair}: token {id} is {Describe(other, id)}; expected {Describe(own, id)}.");
            }
        }
    }

    private static string Describe(Tokenizer tokenizer, int id) =>
        $"{Convert.ToHexString(tokenizer.GetTokenBytes(id))}{(tokenizer.IsControl(id) ? " (control)" : "")}";
}
