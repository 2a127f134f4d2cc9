"""Asks a GGUF model the held-out questions, greedily, with its dequantised weights; prints the accuracy of each skill."""

import argparse
import json
import os
import random

import torch

import export
from chat_format import prompt_ids, prompt_text
from skills import SkillSet
from stories import read_stories
from tokenizer import ENDOFTEXT, IM_END, plain
from tool_talk import SKILLS, ToolTalk

CHATS = [
    ["Tell me a story about a fox."],
    ["Hello!", "Who are you?", "What can you do?", "Thank you!"],
    ["What is 47 plus 35?", "And 28 + 64?"],
    ["Reverse the word planet.", "And the word garden?"],
    ["What is the opposite of hot?", "How many letters are in strawberry?", "What is the plural of wolf?"],
    ["Hi, my name is Lucy.", "What is my name?", "What does a cow say?", "What is the capital of France?"],
    ["I am sad.", "Yes, please."],
    ["Tell me a story about a dragon."],
    ["Do you like owls?", "Yes, please."],
    ["Tell me a story about a ball."],
    ["Tell me a story about a cat.", "What was the story about?"],
    ["Tell me a story.", "Tell me another one."],
]


@torch.no_grad()
def answer(model, tokenizer, prompts, max_tokens):
    """Greedy answers to lists of ids. The batch is computed anew for each token: slow and simple."""
    device = next(model.parameters()).device
    stop = {tokenizer.ids[IM_END], tokenizer.ids[ENDOFTEXT]}
    rows, replies = [list(p) for p in prompts], [[] for _ in prompts]
    live = list(range(len(rows)))
    for _ in range(max_tokens):
        live = [i for i in live if len(rows[i]) < model.config.context]
        if not live:
            break
        longest = max(len(rows[i]) for i in live)
        batch = torch.zeros(len(live), longest, dtype=torch.long)
        for at, i in enumerate(live):
            batch[at, : len(rows[i])] = torch.tensor(rows[i])
        last = torch.tensor([len(rows[i]) - 1 for i in live], device=device)
        hidden = model.hidden(batch.to(device))[torch.arange(len(live), device=device), last]
        chosen = (hidden @ model.token_embd.weight.T).argmax(-1).tolist()
        still = []
        for i, token in zip(live, chosen):
            if token not in stop:
                rows[i].append(token)
                replies[i].append(token)
                still.append(i)
        live = still
    return [tokenizer.decode(r) for r in replies]


def held_out_questions(stories, tokenizer, per_skill, seed=2026):
    """[{skill, messages, tools, answer}]: the answer is the whole reply, calls included, to be met exactly."""
    skills, found = SkillSet(stories, tokenizer, training=False), []
    for skill in skills:
        rng, seen = random.Random(f"{seed} {skill.name}"), set()
        for _ in range(per_skill * 200):
            if len(seen) == per_skill:
                break
            question = skill.sample(rng, held_out=True)
            if question.text not in seen:
                seen.add(question.text)
                found.append(_plain_question(skill.name, question.text, plain(question.reply)))
    return found + _tool_questions(skills, tokenizer, per_skill, seed)


def _tool_questions(skills, tokenizer, per_skill, seed):
    def without_tool(rng):
        question = skills.sample(rng).sample(rng, held_out=True)
        return [(question.text, question.reply)]

    talk, found = ToolTalk(skills.words, without_tool), []
    for skill in SKILLS:
        rng = random.Random(f"{seed} {skill}")
        for _ in range(per_skill):
            messages, tools, reply = talk.held_out(rng, skill, lambda place: len(tokenizer.encode(" " + place)) > 1)
            found.append({"skill": skill, "messages": messages, "tools": tools, "answer": reply})
    return found


def _plain_question(skill, prompt, reply):
    return {"skill": skill, "messages": [{"role": "user", "content": prompt}], "tools": [], "answer": reply}


def score(model, tokenizer, questions, batch=512):
    """({skill: (right, asked)}, wrong ones with their replies)"""
    result, wrong = {}, []
    for start in range(0, len(questions), batch):
        part = questions[start : start + batch]
        replies = answer(model, tokenizer, [prompt_ids(tokenizer, q["messages"], q["tools"]) for q in part], 80)
        for question, reply in zip(part, replies):
            right, asked = result.get(question["skill"], (0, 0))
            result[question["skill"]] = (right + (reply == question["answer"]), asked + 1)
            if reply != question["answer"]:
                wrong.append({**question, "reply": reply})
    return result, wrong


def chat(model, tokenizer, says, max_tokens=500):
    messages = []
    for text in says:
        messages.append({"role": "user", "content": text})
        reply = answer(model, tokenizer, [prompt_ids(tokenizer, messages)], max_tokens)[0]
        messages.append({"role": "assistant", "content": reply})
    return messages


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="a GGUF file written by train.py")
    parser.add_argument("--data", default=os.environ.get("VKINFER_TEST_DATA"), help="folder that holds text/tinystories-train.txt")
    parser.add_argument("--per-skill", type=int, default=40)
    parser.add_argument("--questions", nargs="+", help="use the questions of these files")
    parser.add_argument("--write-questions", help="write the questions to skills.json and tools.json in this folder")
    parser.add_argument("--chats", action="store_true", help="print sample chats too")
    parser.add_argument("--wrong", action="store_true", help="print the wrong replies")
    args = parser.parse_args()
    model, tokenizer = export.load(args.model)
    model = model.to("cuda" if torch.cuda.is_available() else "cpu")
    if args.questions:
        questions = [q for path in args.questions for q in read_questions(path)]
    else:
        questions = held_out_questions(read_stories(os.path.join(args.data, "text", "tinystories-train.txt")), tokenizer, args.per_skill)
    if args.write_questions:
        for name in ("skills.json", "tools.json"):
            with open(os.path.join(args.write_questions, name), "w", encoding="utf-8", newline="\n") as file:
                file.write(as_json([q for q in questions if (q["skill"] in SKILLS) == (name == "tools.json")]))
    report(model, tokenizer, questions, args.wrong)
    if args.chats:
        print_chats(model, tokenizer)


def as_json(questions):
    """{skill: [question, …]}, a question a line: [prompt, answer], or with tools all that belongs to it, the prompt as text, too."""
    skills = {}
    for q in questions:
        with_tools = {"tools": q["tools"], "messages": q["messages"], "prompt": prompt_text(q["messages"], q["tools"]), "answer": q["answer"]}
        question = with_tools if q["skill"] in SKILLS else [q["messages"][0]["content"], q["answer"]]
        skills.setdefault(q["skill"], []).append(json.dumps(question, ensure_ascii=False))
    return "{\n" + ",\n".join(f"{json.dumps(s)}: [\n" + ",\n".join(lines) + "\n]" for s, lines in skills.items()) + "\n}\n"


def read_questions(path):
    with open(path, encoding="utf-8") as file:
        for skill, questions in json.load(file).items():
            for question in questions:
                yield _plain_question(skill, *question) if isinstance(question, list) else {"skill": skill, **question}


def report(model, tokenizer, questions, show_wrong):
    result, wrong = score(model, tokenizer, questions)
    for skill, (right, asked) in result.items():
        print(f"{skill:16s} {right:4d} / {asked:4d}  {100 * right / asked:5.1f} %")
    for question in wrong if show_wrong else []:
        print(f"wrong: {question['messages'][0]['content']!r}: {question['reply']!r}, expected {question['answer']!r}")
    return result


def print_chats(model, tokenizer):
    for says in CHATS:
        for message in chat(model, tokenizer, says):
            print(("> " if message["role"] == "user" else "") + message["content"])
        print("---")


if __name__ == "__main__":
    main()
