using System.Text;

namespace VkInfer.Tokenization;

/// <summary>
/// What becomes of characters without a piece: their bytes, or one unknown token for a run of what has no byte tokens either.
/// </summary>
internal static class UnknownPieces
{
    /// <summary>Appends ids of pieces.</summary>
    /// <param name="text">The text that was cut.</param>
    /// <param name="pieces">The pieces, with -1 for a character without one.</param>
    /// <param name="byteIds">The token of each byte; -1 where there is none.</param>
    /// <param name="unknownId">The unknown token, if there is one.</param>
    /// <param name="ids">Receives the ids.</param>
    public static void Append(ReadOnlySpan<char> text, List<(Range Range, int Id)> pieces, int[] byteIds, int? unknownId, List<int> ids)
    {
        bool wasUnknown = false;
        foreach ((Range range, int id) in pieces)
        {
            if (id >= 0)
            {
                ids.Add(id);
                wasUnknown = false;
            }
            else
            {
                AppendCharacter(text[range], byteIds, unknownId, ids, ref wasUnknown);
            }
        }
    }

    /// <summary>Appends one character without a piece.</summary>
    /// <param name="character">The character.</param>
    /// <param name="byteIds">The token of each byte; -1 where there is none.</param>
    /// <param name="unknownId">The unknown token, if there is one.</param>
    /// <param name="ids">Receives the ids.</param>
    /// <param name="wasUnknown">Whether the id before is an unknown token of the same run.</param>
    public static void AppendCharacter(ReadOnlySpan<char> character, int[] byteIds, int? unknownId, List<int> ids, ref bool wasUnknown)
    {
        Span<byte> bytes = stackalloc byte[4];
        foreach (byte value in bytes[..Encoding.UTF8.GetBytes(character, bytes)])
        {
            int id = byteIds[value];
            if (id >= 0)
            {
                ids.Add(id);
            }
            else if (!wasUnknown && unknownId is { } unknown)
            {
                ids.Add(unknown);
            }

            wasUnknown = id < 0;
        }
    }
}
