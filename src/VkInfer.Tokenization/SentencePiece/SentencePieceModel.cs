namespace VkInfer.Tokenization;

/// <summary>Reads a <c>tokenizer.model</c>: SentencePiece's ModelProto, of type BPE or unigram.</summary>
public static class SentencePieceModel
{
    private const int Unigram = 1;
    private const int Bpe = 2;

    /// <summary>Reads the vocabulary and the rules of a model.</summary>
    /// <param name="model">The bytes of the file.</param>
    /// <returns>The data, unchecked beyond its encoding: <see cref="Tokenizer.Create"/> does that.</returns>
    /// <exception cref="TokenizerException">The bytes are no ModelProto, or its type is another.</exception>
    public static TokenizerData Read(ReadOnlySpan<byte> model)
    {
        var pieces = new Pieces();
        (TrainerSpec trainer, NormalizerSpec normalizer) = (new TrainerSpec(), new NormalizerSpec());
        var reader = new ProtoReader(model, nameof(SentencePieceModel));
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    pieces.Add(reader.ReadBytes());
                    break;
                case 2:
                    trainer.Read(reader.ReadBytes());
                    break;
                case 3:
                    normalizer.Read(reader.ReadBytes());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return new TokenizerData
        {
            Model = trainer.ModelType switch
            {
                Unigram => "t5",
                Bpe => "llama",
                _ => throw new TokenizerException("TrainerSpec.model_type", "1 (unigram) or 2 (BPE)", $"{trainer.ModelType}"),
            },
            Tokens = pieces.Texts,
            Scores = [.. pieces.Scores],
            TokenTypes = [.. pieces.Types],
            BosTokenId = Known(trainer.BosId, pieces.Texts.Count),
            EosTokenId = Known(trainer.EosId, pieces.Texts.Count),
            UnknownTokenId = Known(trainer.UnknownId, pieces.Texts.Count),
            PaddingTokenId = Known(trainer.PaddingId, pieces.Texts.Count),
            AddSpacePrefix = normalizer.AddDummyPrefix,
            RemoveExtraWhitespaces = normalizer.RemoveExtraWhitespaces,
            PrecompiledCharsMap = normalizer.PrecompiledCharsMap,
        };
    }

    // The defaults of the format stand where a vocabulary is too small to have the token.
    private static int? Known(int id, int count) => id >= 0 && id < count ? id : null;

    private sealed class Pieces
    {
        public List<byte[]> Texts { get; } = [];

        public List<float> Scores { get; } = [];

        public List<int> Types { get; } = [];

        public void Add(ReadOnlySpan<byte> message)
        {
            (byte[] text, float score, int type) = (Array.Empty<byte>(), 0f, 1);
            var reader = new ProtoReader(message, "SentencePiece");
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 1:
                        text = reader.ReadBytes().ToArray();
                        break;
                    case 2:
                        score = reader.ReadFloat();
                        break;
                    case 3:
                        type = reader.ReadInt();
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }

            TokenizerLimits.CheckCount("SentencePiece", Texts.Count + 1);
            Texts.Add(text);
            Scores.Add(score);
            Types.Add(type);
        }
    }

    private sealed class TrainerSpec
    {
        public int ModelType { get; private set; } = Unigram;

        public int UnknownId { get; private set; }

        public int BosId { get; private set; } = 1;

        public int EosId { get; private set; } = 2;

        public int PaddingId { get; private set; } = -1;

        public void Read(ReadOnlySpan<byte> message)
        {
            var reader = new ProtoReader(message, nameof(TrainerSpec));
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 3:
                        ModelType = reader.ReadInt();
                        break;
                    case 40:
                        UnknownId = reader.ReadInt();
                        break;
                    case 41:
                        BosId = reader.ReadInt();
                        break;
                    case 42:
                        EosId = reader.ReadInt();
                        break;
                    case 43:
                        PaddingId = reader.ReadInt();
                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }
    }

    private sealed class NormalizerSpec
    {
        public byte[]? PrecompiledCharsMap { get; private set; }

        public bool AddDummyPrefix { get; private set; } = true;

        public bool RemoveExtraWhitespaces { get; private set; } = true;

        public void Read(ReadOnlySpan<byte> message)
        {
            var reader = new ProtoReader(message, nameof(NormalizerSpec));
            while (reader.Next())
            {
                switch (reader.Field)
                {
                    case 2:
                        PrecompiledCharsMap = reader.ReadBytes().ToArray();
                        break;
                    case 3:
                        AddDummyPrefix = reader.ReadBool();
                        break;
                    case 4:
                        RemoveExtraWhitespaces = reader.ReadBool();
                        break;
                    case 5:
                        if (!reader.ReadBool())
                        {
                            throw new TokenizerException("NormalizerSpec.escape_whitespaces", "true", "false");
                        }

                        break;
                    default:
                        reader.Skip();
                        break;
                }
            }
        }
    }
}
