namespace VkInfer.Cli.Bench;

/// <summary>Random token ids: equal inputs would let caches and branches look better than they are.</summary>
internal static class RandomTokens
{
    /// <summary>Ids from 1 up to the vocabulary's last; the same for the same seed.</summary>
    public static int[] Create(int count, int vocabSize, int seed)
    {
        var random = new Random(seed);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++)
        {
            ids[i] = random.Next(Math.Min(1, vocabSize - 1), vocabSize);
        }

        return ids;
    }
}
