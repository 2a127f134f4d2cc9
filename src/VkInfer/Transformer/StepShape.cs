namespace VkInfer.Transformer;

/// <summary>What a recording of a pass over rows serves: steps of at most so much of each.</summary>
/// <param name="Rows">Rows in all; at least 1.</param>
/// <param name="Alone">Rows that attend alone: of decode, and drafts.</param>
/// <param name="RunRows">Rows in runs, which attend in tiles: of prompts.</param>
/// <param name="Runs">Runs.</param>
/// <param name="Logits">Rows whose logits are wanted; as many as rows: the logits of all of them, in their order.</param>
/// <param name="LongestRun">Rows of the longest part of a prompt, by which tiles are chosen; 0: a step of decoding.</param>
internal readonly record struct StepShape(int Rows, int Alone, int RunRows, int Runs, int Logits, int LongestRun)
{
    /// <summary>A step of rows alone, all of which want logits.</summary>
    public static StepShape Decode(int rows) => new(rows, rows, 0, 0, rows, 0);

    /// <summary>Tiles of so many rows that the runs may take.</summary>
    public int Tiles(int tileRows) => RunRows == 0 ? 0 : (RunRows / tileRows) + Runs;
}
