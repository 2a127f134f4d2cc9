"""The engines that are compared. Each yields, for a list of works on one model, the tokens a second of every repetition."""

import json
import os
import pathlib
import subprocess
import time

from shapes import SHAPES

BUNDLE = pathlib.Path(__file__).resolve().parent.parent
# The first test of a process can run on a clock that has not risen: a prompt before it warms up.
REPETITIONS = 5


def run(command, environment=None, seconds=500):
    result = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env={**os.environ, **(environment or {})}, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {result.returncode}: {(result.stderr or result.stdout).strip()[-300:]}")
    return result.stdout


def by_depth(works):
    """Groups that one process can measure: equal depth and batch."""
    groups = {}
    for work in works:
        groups.setdefault((work.depth, work.batch), []).append(work)
    return groups.items()


def vkinfer(works):
    """VkInfer's own bench, which checks logits, repeatability and finiteness beside each timing and fails where they are wrong."""
    for (depth, batch), group in by_depth(works):
        lengths = [work.prompt for work in group if work.prompt] or [0]
        steps = [work.generate for work in group if work.generate] or [0]
        command = [
            str(BUNDLE / "vkinfer" / "vkinfer"), "bench", "--synthetic", group[0].shape, "--weights", group[0].weights, "--json",
            "-p", ",".join(map(str, lengths)), "-n", ",".join(map(str, steps)), "-d", str(depth), "-b", str(batch), "-r", str(REPETITIONS),
        ]
        document = json.loads(run(command))
        if not document["check"]["ok"]:
            raise RuntimeError(f"VkInfer's results are wrong: {document['check']}")
        for work in group:
            kind = f"pp{work.prompt}" if work.prompt else f"tg{work.generate}"
            [result] = [entry for entry in document["results"] if entry["test"].split()[0] == kind]
            yield work, [result["tokensPerSecond"]], result["stdDev"]


def llama_cpp(works):
    """llama-bench of Debian's llama.cpp on its Vulkan back end. It decodes one sequence at a time."""
    folder = BUNDLE / "llama.cpp"
    if not folder.exists():
        return
    import synthetic  # needs numpy, which reading results does not

    model = pathlib.Path("/dev/shm") / f"compare-{works[0].shape}-{works[0].weights}.gguf"
    backends = pathlib.Path("/usr/lib/x86_64-linux-gnu/ggml/backends0")
    if not backends.exists():
        backends.parent.mkdir(parents=True, exist_ok=True)
        backends.symlink_to(folder / "backends")
    synthetic.write(model, SHAPES[works[0].shape], works[0].weights)
    try:
        libraries = folder / "lib"
        for (depth, batch), group in by_depth(works):
            if batch > 1:
                continue
            command = [
                str(libraries / "ld-linux-x86-64.so.2"), "--library-path",
                f"{libraries}:/usr/lib/x86_64-linux-gnu:/usr/local/nvidia/lib64:/usr/local/nvidia/lib", str(folder / "llama-bench"),
                "-m", str(model), "-ngl", "99", "-fa", "on", "-d", str(depth), "-r", str(REPETITIONS), "-o", "json",
                "-p", ",".join(str(work.prompt) for work in group if work.prompt) or "0",
                "-n", ",".join(str(work.generate) for work in group if work.generate) or "0",
            ]
            entries = json.loads(run(command))
            for work in group:
                [entry] = [e for e in entries if (e["n_prompt"], e["n_gen"]) == (work.prompt, work.generate)]
                yield work, entry["samples_ts"], entry["stddev_ts"]
    finally:
        model.unlink(missing_ok=True)


def transformers(works):
    """Hugging Face transformers in float16: prompts through scaled dot product attention, decoding by a compiled static cache."""
    if works[0].weights != "F16":
        return
    try:
        import torch
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError:
        return
    shape = SHAPES[works[0].shape]
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float16)
    config = LlamaConfig(
        hidden_size=shape.hidden, intermediate_size=shape.intermediate, num_hidden_layers=shape.layers, num_attention_heads=shape.heads,
        num_key_value_heads=shape.kv_heads, vocab_size=shape.vocabulary, max_position_embeddings=131072, tie_word_embeddings=shape.tied)
    with torch.device("cuda"):
        model = LlamaForCausalLM(config).eval()
    for work in works:
        ids = torch.randint(3, shape.vocabulary, (work.batch, work.depth + work.prompt or 1), device="cuda")

        def seconds(new, **options):
            torch.cuda.synchronize()
            start = time.perf_counter()
            model.generate(ids, max_new_tokens=new, min_new_tokens=new, do_sample=False, pad_token_id=0, eos_token_id=None, **options)
            torch.cuda.synchronize()
            return time.perf_counter() - start

        with torch.inference_mode():
            if not torch.isfinite(model(ids[:, -16:]).logits).all():
                raise RuntimeError("transformers' logits are not finite")
            if work.prompt:
                if work.depth:
                    continue
                samples = [work.prompt / seconds(1) for _ in range(REPETITIONS + 2)][2:]
            else:
                static = {"cache_implementation": "static"}
                samples = []
                for repetition in range(3 + 2):
                    prompt = seconds(1, **static)
                    rate = work.batch * work.generate / (seconds(work.generate + 1, **static) - prompt)
                    samples += [rate] if repetition >= 2 else []
        yield work, samples, float(torch.tensor(samples, dtype=torch.float64).std())


ENGINES = {"VkInfer": vkinfer, "llama.cpp Vulkan": llama_cpp, "transformers": transformers}
