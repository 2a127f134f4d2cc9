namespace VkInfer.Tokenization;

/// <summary>
/// Texts in order, among which those that a text begins with are found; it takes no more room than the texts. Immutable and thread-safe.
/// </summary>
/// <typeparam name="T">What belongs to each text.</typeparam>
internal sealed class PrefixTable<T>
{
    private readonly string[] _texts;
    private readonly T[] _values;
    private readonly Dictionary<char, (int Low, int High)> _first = [];

    /// <summary>Sorts texts; of equal ones the first counts, and empty ones do not.</summary>
    public PrefixTable(IEnumerable<KeyValuePair<string, T>> entries)
    {
        KeyValuePair<string, T>[] sorted =
        [
            .. entries.Where(entry => entry.Key.Length > 0).DistinctBy(entry => entry.Key, StringComparer.Ordinal),
        ];
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        _texts = Array.ConvertAll(sorted, entry => entry.Key);
        _values = Array.ConvertAll(sorted, entry => entry.Value);
        for (int low = 0, high; low < _texts.Length; low = high)
        {
            for (high = low + 1; high < _texts.Length && _texts[high][0] == _texts[low][0]; high++)
            {
            }

            _first.Add(_texts[low][0], (low, high));
        }
    }

    /// <summary>The characters that texts begin with.</summary>
    public IEnumerable<char> FirstCharacters => _first.Keys;

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _texts.Length == 0;

    /// <summary>Goes through the texts that a text begins with, from the shortest to the longest.</summary>
    public Walk Of(ReadOnlySpan<char> text) => new(this, text);

    /// <summary>The longest of them.</summary>
    public bool TryLongest(ReadOnlySpan<char> text, out string match, out T value)
    {
        (match, value) = ("", default!);
        bool found = false;
        for (Walk walk = Of(text); walk.MoveNext(); found = true)
        {
            (match, value) = (walk.Text, walk.Value);
        }

        return found;
    }

    /// <summary>Goes through the texts that a text begins with.</summary>
    public ref struct Walk
    {
        private readonly PrefixTable<T> _table;
        private readonly ReadOnlySpan<char> _text;
        private int _low;
        private int _high;
        private int _depth;
        private int _found;

        public Walk(PrefixTable<T> table, ReadOnlySpan<char> text)
        {
            _table = table;
            _text = text;
            _found = -1;
            if (text.Length > 0 && table._first.TryGetValue(text[0], out (int Low, int High) range))
            {
                (_low, _high) = range;
                _depth = 1;
            }
        }

        /// <summary>The current text.</summary>
        public readonly string Text => _table._texts[_found];

        /// <summary>What belongs to it.</summary>
        public readonly T Value => _table._values[_found];

        /// <summary>Goes on to the next longer text.</summary>
        public bool MoveNext()
        {
            string[] texts = _table._texts;
            while (_low < _high)
            {
                if (texts[_low].Length == _depth)
                {
                    _found = _low++;
                    return true;
                }

                if (_depth == _text.Length)
                {
                    break;
                }

                char next = _text[_depth];
                (_low, _high) = (Bound(next), Bound((char)(next + 1), isOver: next == char.MaxValue));
                _depth++;
            }

            _low = _high;
            return false;
        }

        /// <summary>The first text in the range whose character at the current depth is not below one.</summary>
        private readonly int Bound(char c, bool isOver = false)
        {
            if (isOver)
            {
                return _high;
            }

            (int low, int high) = (_low, _high);
            while (low < high)
            {
                int middle = (low + high) >>> 1;
                if (_table._texts[middle][_depth] < c)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            return low;
        }
    }
}
