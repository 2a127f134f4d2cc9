namespace VkInfer.Tokenization;

/// <summary>The <c>post_processor</c> of a <c>tokenizer.json</c>: which tokens stand around a single text.</summary>
internal sealed class PostProcessor
{
    private readonly List<int> _before = [];
    private readonly List<int> _after = [];

    /// <summary>What stands in front of a text.</summary>
    public IReadOnlyList<int> Before => _before;

    /// <summary>What stands behind it.</summary>
    public IReadOnlyList<int> After => _after;

    /// <summary>Reads a post-processor; null adds nothing.</summary>
    /// <exception cref="TokenizerException">It is of a kind that is not supported, or a field is wrong.</exception>
    public static PostProcessor Read(JsonField? node)
    {
        var processor = new PostProcessor();
        if (node is { } present)
        {
            processor.Add(present);
        }

        return processor;
    }

    private void Add(JsonField node)
    {
        switch (node.Type)
        {
            case "Sequence":
                foreach (JsonField step in node.Required("processors").Items())
                {
                    Add(step);
                }

                break;
            case "ByteLevel":
                break; // It moves offsets only.
            case "TemplateProcessing":
                AddTemplate(node);
                break;
            case "BertProcessing" or "RobertaProcessing":
                _before.Insert(0, IdOfPair(node.Required("cls")));
                _after.Add(IdOfPair(node.Required("sep")));
                break;
            default:
                throw node.Required("type").Wrong("one of Sequence, ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing");
        }
    }

    private void AddTemplate(JsonField node)
    {
        (List<int> before, List<int> after) = (new List<int>(), new List<int>());
        bool isBehind = false;
        foreach (JsonField piece in node.Required("single").Items())
        {
            if (piece.Optional("Sequence") is not null)
            {
                isBehind = isBehind ? throw piece.Wrong("one text in the template of a single one") : true;
                continue;
            }

            JsonField name = piece.Required("SpecialToken").Required("id");
            JsonField token = node.Required("special_tokens").Required(name.AsString());
            (isBehind ? after : before).AddRange(token.Required("ids").Items().Select(id => id.AsInt()));
        }

        _before.InsertRange(0, before);
        _after.AddRange(after);
    }

    private static int IdOfPair(JsonField pair) => pair.AsPair() is var (_, id) ? id.AsInt() : throw pair.Wrong("a text and its id");
}
