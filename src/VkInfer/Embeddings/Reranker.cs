using VkInfer.Tokenization;

namespace VkInfer;

/// <summary>
/// Says how well documents answer a query, by a language model that was trained to say <c>yes</c> or <c>no</c> to that, as
/// Qwen3-Reranker was. Thread-safe; the model stays the caller's. Formula: p(yes) / (p(yes) + p(no)) of the token behind the prompt
/// (Zhang et al. 2025, "Qwen3 Embedding", section 2).
/// </summary>
public sealed class Reranker
{
    /// <summary>What is asked of the model where the caller says nothing else.</summary>
    public const string DefaultInstruction = "Given a web search query, retrieve relevant passages that answer the query";

    private const string System =
        "Judge whether the Document meets the requirements based on the Query and the Instruct provided. "
        + "Note that the answer can only be \"yes\" or \"no\".";

    private readonly Model _model;
    private readonly int[] _before;
    private readonly int[] _after;
    private readonly int _yes;
    private readonly int _no;

    /// <summary>A reranker of a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="yes">What it says of a document that meets the query: one token.</param>
    /// <param name="no">What it says of others: one token.</param>
    /// <exception cref="UnsupportedModelException">
    /// The model has no tokenizer, or its vocabulary no token for one of the words, or none for ChatML.
    /// </exception>
    public Reranker(Model model, string yes = "yes", string no = "no")
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentException.ThrowIfNullOrEmpty(yes);
        ArgumentException.ThrowIfNullOrEmpty(no);
        _model = model;
        Tokenizer tokenizer = model.Tokenizer;
        if (!tokenizer.TryGetSpecialTokenId("<|im_start|>", out _))
        {
            throw new UnsupportedModelException($"{model.Name} cannot rerank: its vocabulary has no <|im_start|>.");
        }

        (_yes, _no) = (Single(yes), Single(no));
        _before = tokenizer.Encode($"<|im_start|>system\n{System}<|im_end|>\n<|im_start|>user\n", addSpecial: false, parseSpecial: true);
        _after = tokenizer.Encode(
            "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n", addSpecial: false, parseSpecial: true);
    }

    /// <summary>How likely a document meets a query.</summary>
    /// <param name="query">The query. Control tokens written in it, in the document or in the instruction are not recognised.</param>
    /// <param name="document">The document.</param>
    /// <param name="instruction">What is looked for; null: <see cref="DefaultInstruction"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>From 0 to 1.</returns>
    /// <exception cref="ContextLengthExceededException">Query and document do not fit.</exception>
    /// <exception cref="InvalidLogitsException">The model gives values that are no numbers.</exception>
    public async Task<float> ScoreAsync(
        string query, string document, string? instruction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        ArgumentNullException.ThrowIfNull(document);
        int[] pair = _model.Tokenizer.Encode(
            $"<Instruct>: {instruction ?? DefaultInstruction}\n<Query>: {query}\n<Document>: {document}", addSpecial: false);
        int[] prompt = [.. _before, .. pair, .. _after];
        float[] logits = await _model.NextLogitsAsync(prompt, cancellationToken).ConfigureAwait(false);
        double score = 1 / (1 + Math.Exp((double)logits[_no] - logits[_yes]));
        return double.IsNaN(score) ? throw InvalidLogitsException.NotFinite(prompt.Length - 1, null) : (float)score;
    }

    /// <summary>Scores documents together; what their prompts have in common is computed once.</summary>
    /// <param name="query">The query.</param>
    /// <param name="documents">The documents.</param>
    /// <param name="instruction">What is looked for; null: <see cref="DefaultInstruction"/>.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>A score for each, in their order.</returns>
    /// <inheritdoc cref="ScoreAsync(string, string, string?, CancellationToken)" path="/exception"/>
    public Task<float[]> ScoreAsync(
        string query, IEnumerable<string> documents, string? instruction = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return Task.WhenAll(documents.Select(document => ScoreAsync(query, document, instruction, cancellationToken)));
    }

    private int Single(string word) => _model.Tokenizer.Encode(word, addSpecial: false) is [int id]
        ? id
        : throw new UnsupportedModelException($"{_model.Name} cannot rerank: its vocabulary has no single token for '{word}'.");
}
