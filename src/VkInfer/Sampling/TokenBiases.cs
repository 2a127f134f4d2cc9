using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace VkInfer;

/// <summary>Biases of tokens, by id. A copy that nobody changes, compared by what is in it.</summary>
internal sealed class TokenBiases : IReadOnlyDictionary<int, float>, IEquatable<TokenBiases>
{
    private readonly Dictionary<int, float> _biases;
    private readonly int _hash;

    private TokenBiases(IEnumerable<KeyValuePair<int, float>> biases)
    {
        _biases = new Dictionary<int, float>(biases);
        foreach ((int token, float bias) in _biases)
        {
            _hash ^= HashCode.Combine(token, bias); // In whatever order.
        }
    }

    public static TokenBiases None { get; } = new([]);

    public int Count => _biases.Count;

    public IEnumerable<int> Keys => _biases.Keys;

    public IEnumerable<float> Values => _biases.Values;

    public float this[int key] => _biases[key];

    /// <summary>The biases, copied unless nobody can change them.</summary>
    public static TokenBiases Of(IReadOnlyDictionary<int, float> biases) => biases as TokenBiases ?? new TokenBiases(biases);

    /// <summary>These, and tokens that are never chosen.</summary>
    public TokenBiases Excluding(IEnumerable<int> tokens)
    {
        var biases = new Dictionary<int, float>(_biases);
        foreach (int token in tokens)
        {
            biases[token] = float.NegativeInfinity;
        }

        return new TokenBiases(biases);
    }

    public bool ContainsKey(int key) => _biases.ContainsKey(key);

    public bool TryGetValue(int key, [MaybeNullWhen(false)] out float value) => _biases.TryGetValue(key, out value);

    public bool Equals(TokenBiases? other)
    {
        if (ReferenceEquals(this, other))
        {
            return true;
        }

        if (other is null || _hash != other._hash || Count != other.Count)
        {
            return false;
        }

        foreach ((int token, float bias) in _biases)
        {
            if (!other._biases.TryGetValue(token, out float same) || !same.Equals(bias))
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object? obj) => Equals(obj as TokenBiases);

    public override int GetHashCode() => _hash;

    public override string ToString() => string.Join(',', _biases.Select(pair => FormattableString.Invariant($"{pair.Key}={pair.Value}")));

    public Dictionary<int, float>.Enumerator GetEnumerator() => _biases.GetEnumerator();

    IEnumerator<KeyValuePair<int, float>> IEnumerable<KeyValuePair<int, float>>.GetEnumerator() => _biases.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => _biases.GetEnumerator();
}
