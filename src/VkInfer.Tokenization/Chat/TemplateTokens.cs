using System.Text.RegularExpressions;

namespace VkInfer.Tokenization;

/// <summary>
/// What a chat template's own text is encoded with, and what nobody else may write: the markers are the control tokens, those that look
/// like them, and whatever the template writes that the vocabulary holds as one token. Immutable and thread-safe.
/// </summary>
internal sealed partial class TemplateTokens
{
    private readonly SpecialTokenFinder _markers;
    private readonly SpecialTokenFinder _markersOfModel;
    private readonly HashSet<int> _ordinary;

    /// <summary>Sorts a vocabulary's tokens by what a template does with them.</summary>
    /// <param name="source">The template.</param>
    /// <param name="raw">Special tokens that are found in text as it is.</param>
    /// <param name="normalized">Special tokens that are found in normalised text, with their texts before normalisation.</param>
    /// <param name="vocabulary">All tokens.</param>
    public TemplateTokens(
        string source, IReadOnlyList<SpecialToken> raw, IReadOnlyList<(SpecialToken Raw, SpecialToken Normalized)> normalized,
        Vocabulary vocabulary)
    {
        var texts = new TemplateTexts(source);
        bool IsMarker(SpecialToken token) => token.IsMarker || texts.Writes(token.Text);

        // Normalisation could make a marker of what a user writes: markers are looked for before it.
        SpecialToken[] early = [.. normalized.Select(token => token.Raw).Where(IsMarker)];
        var earlyIds = early.Select(token => token.Id).ToHashSet();
        Raw = new SpecialTokenFinder(raw.Concat(early));
        Normalized = new SpecialTokenFinder(
            normalized.Select(token => token.Normalized).Where(token => !earlyIds.Contains(token.Id)));

        SpecialToken[] ordinary = [.. OrdinaryMarkers(texts, vocabulary)];
        _ordinary = [.. ordinary.Select(token => token.Id)];
        SpecialToken[] markers = [.. raw.Where(IsMarker), .. early, .. ordinary];
        _markers = Plain(markers);
        _markersOfModel = Plain(markers.Where(token => token.IsMarker || !texts.LooksFor(token.Text)));
    }

    /// <summary>What is found in the template's text before it is normalised.</summary>
    public SpecialTokenFinder Raw { get; }

    /// <summary>What is found in it afterwards.</summary>
    public SpecialTokenFinder Normalized { get; }

    /// <summary>Finds the first marker in a text that the template does not write.</summary>
    /// <param name="text">The text.</param>
    /// <param name="isOfModel">
    /// Whether the model wrote it: markers that the template looks for in what it wrote, as <c>&lt;/think&gt;</c>, are left alone then.
    /// </param>
    /// <param name="start">Where it begins.</param>
    /// <param name="length">How long it is.</param>
    /// <param name="isOrdinary">Whether it is an ordinary token, which merging would make.</param>
    public bool TryFindMarker(ReadOnlySpan<char> text, bool isOfModel, out int start, out int length, out bool isOrdinary)
    {
        bool found = (isOfModel ? _markersOfModel : _markers).TryFindFirst(text, out start, out length, out int id);
        isOrdinary = found && _ordinary.Contains(id);
        return found;
    }

    private static SpecialTokenFinder Plain(IEnumerable<SpecialToken> tokens) =>
        new(tokens.Select(token => new SpecialToken(token.Text, token.Id, token.IsControl)));

    /// <summary>Ordinary tokens in brackets that the template writes; files give markers that kind, too.</summary>
    private static IEnumerable<SpecialToken> OrdinaryMarkers(TemplateTexts texts, Vocabulary vocabulary)
    {
        foreach (string text in Bracketed().Matches(texts.All).Select(match => match.Value).Concat(texts.Joined()))
        {
            bool isToken = vocabulary.TryGetId(text, out int id) || vocabulary.TryGetId(ByteLevelAlphabet.Encode(text), out id);
            if (isToken && vocabulary.Kinds[id] == TokenKind.Normal)
            {
                yield return new SpecialToken(text, id, false);
            }
        }
    }

    [GeneratedRegex(@"<[^<>\s]{1,64}>|\[[^\[\]\s]{1,64}\]", RegexOptions.CultureInvariant)]
    private static partial Regex Bracketed();
}
