namespace VkInfer.Cli.Tests;

/// <summary>A wrong command line ends with exit code 2 and one line, before anything is loaded.</summary>
public class UsageTests
{
    private static readonly string[] Commands =
        ["devices", "inspect", "tokenize", "detokenize", "logits", "generate", "chat", "perplexity", "bench", "tune", "calibrate", "fidelity"];

    [TestCase("")]
    [TestCase("frobnicate")]
    [TestCase("devices --frobnicate")]
    [TestCase("inspect a b")]
    [TestCase("tokenize --model m")]
    [TestCase("tokenize --model m --text a --file b")]
    [TestCase("detokenize --model m")]
    [TestCase("detokenize --model m --ids 1,x")]
    [TestCase("detokenize --model m --ids 99999999999")]
    [TestCase("detokenize --model m --ids")]
    [TestCase("logits --model m --tokens 1")]
    [TestCase("logits --model m --out f")]
    [TestCase("generate --model m")]
    [TestCase("generate --model m --prompt a --tokens 1")]
    [TestCase("generate --model m --prompt a --temperature warm")]
    [TestCase("generate --model m --prompt a --temperature -1")]
    [TestCase("generate --model m --prompt a --temperature NaN")]
    [TestCase("generate --model m --prompt a --top-k -1")]
    [TestCase("generate --model m --prompt a --top-p 0")]
    [TestCase("generate --model m --prompt a --top-p 1.5")]
    [TestCase("generate --model m --prompt a --min-p 2")]
    [TestCase("generate --model m --prompt a --typical-p 0")]
    [TestCase("generate --model m --prompt a --repetition-penalty 0")]
    [TestCase("generate --model m --prompt a --frequency-penalty 3")]
    [TestCase("generate --model m --prompt a --presence-penalty -2.5")]
    [TestCase("generate --model m --prompt a --penalty-window -1")]
    [TestCase("generate --model m --prompt a --logit-bias 5")]
    [TestCase("generate --model m --prompt a --logprobs 21 --json")]
    [TestCase("generate --model m --prompt a --logprobs 2")]
    [TestCase("generate --model m --prompt a --grammar g --json-schema s")]
    [TestCase("generate --model m --prompt a --seed -3")]
    [TestCase("generate --model m --prompt a --max-tokens 0")]
    [TestCase("generate --model m --prompt a --max-tokens 99999999999")]
    [TestCase("generate --model m --prompt a --kv-type F8")]
    [TestCase("generate --model m --prompt a --context 0")]
    [TestCase("generate --model m --prompt a --context -5")]
    [TestCase("generate --model m --prompt a --prefill-chunk 100")]
    [TestCase("generate --model m --prompt")]
    [TestCase("tokenize --model m --text")]
    [TestCase("generate --model m --prompt a --stop")]
    [TestCase("bench --model m -r 5,5")]
    [TestCase("perplexity --model m")]
    [TestCase("bench --synthetic llama9-1t")]
    [TestCase("bench --synthetic tiny-46m --weights Q9_9")]
    [TestCase("bench --synthetic tiny-46m --model m")]
    [TestCase("bench --model m --weights F16")]
    [TestCase("bench --model m -p 0 -n 0")]
    [TestCase("bench serve --model m --concurrency 0")]
    [TestCase("bench serve --model m --rate 0")]
    [TestCase("bench serve --model m --requests 0")]
    [TestCase("bench serve --model m --prompt-tokens 9..3")]
    [TestCase("bench serve --model m --prompt-tokens 9 --shared-prefix 9")]
    [TestCase("bench serve --model m --rate 2 --concurrency 3")]
    [TestCase("bench serve --model m --workload w --prompt-tokens 9")]
    [TestCase("bench --model m -p -1")]
    [TestCase("bench --model m -b 0")]
    [TestCase("bench --model m -r 0")]
    [TestCase("bench --model m -r many")]
    [TestCase("bench --model m --layers 2")]
    [TestCase("bench --model m --plot times.png")]
    [TestCase("bench --model m --profile --ablation")]
    [TestCase("bench --model m --profile --stats")]
    [TestCase("generate --model m --prompt a --linear fast")]
    [TestCase("tune --synthetic tiny-46m --model m")]
    [TestCase("tune --model m --weights F16")]
    [TestCase("tune --model m --budget 0")]
    public void Wrong_command_line_is_a_usage_error(string commandLine)
    {
        CliRun run = CliRun.Of(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        run.AssertFailure(2, "vkinfer: ");
    }

    [Test]
    public void Empty_prompt_is_a_usage_error() => CliRun.Of("generate", "--prompt", "").AssertFailure(2, "--prompt is empty");

    [Test]
    public void Bad_setting_names_key_value_and_what_is_allowed() =>
        CliRun.Of("generate", "--prompt", "a", "--kv-type", "F8")
            .AssertFailure(2, "VkInfer:KvType (command line --kv-type): \"F8\" is not one of F16, F32, Q8_0");

    [TestCaseSource(nameof(Commands))]
    public void Every_command_has_help_json_and_device(string command)
    {
        CliRun run = CliRun.Of(command, "--help").AssertSuccess();
        Assert.That(run.Out, Does.Contain("--json").And.Contain("--device").And.Contain("--validation"));
    }
}
