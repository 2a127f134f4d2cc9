"""Trains the built-in chat model and writes it as GGUF. See README.md beside this file."""

import argparse
import math
import multiprocessing
import os
import time

import numpy as np
import torch
import torch.nn.functional as F

import evaluate
import export
from chat_format import IGNORE
from data import LONG, SHORT, Maker, long_rows, make_tokenizer, pack, short_rows, tool_rows
from model import Config, Llama
from muon import Muon
from stories import read_stories

_maker = None  # one per worker process


def _start_worker(tokenizer, stories):
    global _maker
    _maker = Maker(tokenizer, stories)


def _make(job):
    kind, seed, amount = job
    return kind, {"short": short_rows, "long": long_rows, "tools": tool_rows}[kind](_maker, seed, amount)


def make_rows(tokenizer, stories, args):
    """{"short": (inputs, targets), "long": …, "tools": …}, the same for any number of workers."""
    jobs = [("long", f"{i}.{j}", 0.25) for i in range(args.retellings) for j in range(4)]
    jobs += [("tools", i, 5000) for i in range(math.ceil(args.tool_conversations / 5000))]
    jobs += [("short", i, 20000) for i in range(math.ceil(args.conversations / 20000))]
    made = {"short": [], "long": [], "tools": []}
    with multiprocessing.Pool(args.workers, _start_worker, (tokenizer, stories)) as pool:
        for kind, rows in pool.imap(_make, jobs):
            made[kind].append(rows)
    return {kind: tuple(np.concatenate(part) for part in zip(*rows)) for kind, rows in made.items()}


class Feed:
    """Batches of rows in a shuffled order, again and again, from device memory."""

    def __init__(self, rows, batch, device, seed):
        self.inputs, self.targets = (torch.from_numpy(r).to(device) for r in rows)
        self.batch, self.random = batch, torch.Generator().manual_seed(seed)
        self.order, self.at, self.epochs = torch.empty(0, dtype=torch.long), 0, -1

    def next(self):
        if self.at + self.batch > len(self.order):
            self.order = torch.randperm(len(self.inputs), generator=self.random).to(self.inputs.device)
            self.at, self.epochs = 0, self.epochs + 1
        index = self.order[self.at : self.at + self.batch]
        self.at += self.batch
        return self.inputs[index].long(), self.targets[index].long()


def loss_sum(model, inputs, targets):
    hidden = model.hidden(inputs).flatten(0, 1)
    logits = F.linear(hidden, model.token_embd.weight)
    return F.cross_entropy(logits.float(), targets.flatten(), ignore_index=IGNORE, reduction="sum")


@torch.no_grad()
def story_loss(path, rows):
    """Mean loss per token of the model in a GGUF file."""
    model = export.load(path)[0].to(rows[0].device)
    total = count = 0
    for start in range(0, len(rows[0]), 32):
        inputs, targets = (r[start : start + 32].long() for r in rows)
        total += loss_sum(model, inputs, targets).item()
        count += (targets != IGNORE).sum().item()
    return total / count


def rate(step, steps, warmup=100, hold=0.35):
    """Share of the full learning rate: up, level, then down to zero in a straight line."""
    return min(1.0, (step + 1) / warmup, max(0.0, (steps - step) / (steps * (1 - hold))))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=os.environ.get("VKINFER_TEST_DATA"), help="folder that holds text/tinystories-*.txt (default: $VKINFER_TEST_DATA)")
    parser.add_argument("--out", required=True, help="folder for the model and the log")
    parser.add_argument("--steps", type=int, help="number of steps; or:")
    parser.add_argument("--minutes", type=float, help="train for about this long (the number of steps follows from the measured speed)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--layers", type=int, default=Config.num_layers)
    parser.add_argument("--long-batch", type=int, default=18, help="rows of 1024 tokens per step, with stories; and as many with tools")
    parser.add_argument("--short-batch", type=int, default=340, help="rows of 128 tokens per step, with skills and small talk")
    parser.add_argument("--conversations", type=int, default=1_500_000, help="short conversations to make")
    parser.add_argument("--tool-conversations", type=int, default=125_000, help="conversations with tools to make")
    parser.add_argument("--retellings", type=int, default=11, help="times each story is told anew")
    parser.add_argument("--muon-lr", type=float, default=0.02)
    parser.add_argument("--adam-lr", type=float, default=0.003)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--eval-per-skill", type=int, default=200)
    args = parser.parse_args()
    if (args.steps is None) == (args.minutes is None):
        parser.error("give either --steps or --minutes")
    if not args.data:
        parser.error("give --data, or set VKINFER_TEST_DATA")
    os.makedirs(args.out, exist_ok=True)
    began = time.time()

    def log(text):
        print(f"[{time.time() - began:6.1f} s] {text}", flush=True)

    torch.manual_seed(args.seed)
    stories = read_stories(os.path.join(args.data, "text", "tinystories-train.txt"))
    held_stories = read_stories(os.path.join(args.data, "text", "tinystories-valid.txt"))
    config = Config(num_layers=args.layers)
    tokenizer = make_tokenizer(stories, config.vocab_size)
    log(f"{len(stories)} stories, {len(tokenizer)} tokens in the vocabulary")
    rows = make_rows(tokenizer, stories, args)
    log("rows: " + ", ".join(f"{len(inputs)} {kind}" for kind, (inputs, _) in rows.items()))

    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    model = Llama(config, args.dropout).to(device).train()
    log(f"{sum(p.numel() for p in model.parameters())} parameters on {device}")
    if device == "cuda":
        torch._dynamo.config.recompile_limit = 64
        for block in model.blk:
            block.compile(dynamic=False)

    def autocast():
        return torch.autocast(device, torch.bfloat16, enabled=device == "cuda")

    matrices = [p for n, p in model.named_parameters() if p.ndim == 2 and n != "token_embd.weight"]
    others = [p for n, p in model.named_parameters() if p.ndim == 1 or n == "token_embd.weight"]
    optimizers = [Muon(matrices, args.muon_lr, weight_decay=0.05), torch.optim.AdamW(others, args.adam_lr, betas=(0.9, 0.95), weight_decay=0.0)]
    full_rates = [args.muon_lr, args.adam_lr]
    feeds = [Feed(rows["long"], args.long_batch, device, args.seed), Feed(rows["short"], args.short_batch, device, args.seed + 1),
             Feed(rows["tools"], args.long_batch, device, args.seed + 2)]
    check = [torch.from_numpy(r).to(device) for r in pack(
        ((ids, ids) for ids in (tokenizer.encode(s) + [0] for s in held_stories[:300])), LONG, 0)]
    tokens_per_step = 2 * args.long_batch * LONG + args.short_batch * SHORT

    steps, calibrated_at = args.steps, 40
    step, window = 0, time.time()
    path = os.path.join(args.out, "vkinfer-mini-q8_0.gguf")
    while steps is None or step < steps:
        if args.minutes and step == 20:  # compiled and warm: from here on the speed counts
            _wait(device)
            window = time.time()
        if args.minutes and step == calibrated_at:
            _wait(device)
            speed = (calibrated_at - 20) / (time.time() - window)
            steps = step + int(args.minutes * 60 * speed)
            log(f"{speed:.1f} steps/s, {speed * tokens_per_step / 1e6:.2f} M tokens/s, so {steps} steps")
        share = rate(step, steps) if steps else (step + 1) / 100
        for optimizer, full in zip(optimizers, full_rates):
            for group in optimizer.param_groups:
                group["lr"] = full * share
        batches = [feed.next() for feed in feeds]
        count = sum((targets != IGNORE).sum() for _, targets in batches)
        losses = []
        for inputs, targets in batches:
            with autocast():
                loss = loss_sum(model, inputs, targets)
            (loss / count).backward()
            losses.append(loss.detach() / (targets != IGNORE).sum())
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 250 == 0 or step == steps or step == 1:
            log(f"step {step}: loss stories {losses[0].item():.3f}, short {losses[1].item():.4f}, tools {losses[2].item():.4f}; epochs {', '.join(str(f.epochs) for f in feeds)}")
        if steps and (step % max(1, steps // 6) == 0 or step == steps):
            export.save(path, model, tokenizer)
            log(f"step {step}: loss of unseen stories {story_loss(path, check):.3f}")

    log(f"{path}: {os.path.getsize(path)} bytes")
    model, tokenizer = export.load(path)
    model = model.to(device)
    evaluate.report(model, tokenizer, evaluate.held_out_questions(stories, tokenizer, args.eval_per_skill), show_wrong=True)
    log("evaluated")
    evaluate.print_chats(model, tokenizer)
    log("done")


def _wait(device):
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
