"""Training examples: conversations put together from stories, skills and small talk, encoded and packed into rows."""

import collections
import random
import re

import numpy as np

import dialogues
import stories as story_source
import words
from chat_format import IGNORE, prompt_text, training_ids
from skills import SkillSet
from tokenizer import ENDOFTEXT, SPECIAL, Tokenizer, plain, pretokens, train_merges
from tool_talk import ToolTalk, as_messages, system

LONG, SHORT = 1024, 128  # tokens per row: with stories or tools, without


def make_tokenizer(stories, vocab_size):
    """A vocabulary from the stories, with the words of the chat format and the letters of spelled words among the tokens."""
    counts = collections.Counter()
    for story in stories:
        counts.update(pretokens(story))
    rng = random.Random(0)
    skills = SkillSet(stories)
    for _ in range(40000):
        question = skills.sample(rng).sample(rng)
        counts.update(pretokens(question.text) + pretokens(plain(question.reply)))
    for _ in range(10000):
        for text in (*dialogues.talk(rng), *dialogues.unknown(rng), *dialogues.fact(rng)):
            counts.update(pretokens(text))
    talk = ToolTalk(skills.words, lambda rng: [dialogues.talk(rng)])
    for _ in range(1500):
        messages, tools = talk.conversation(rng)
        for part in re.split("|".join(map(re.escape, SPECIAL)), plain(prompt_text(messages, tools))):
            counts.update(pretokens(part))
    common = sum(counts.values()) // 100
    for word in ("user", "assistant", "system", "VkInfer"):
        counts[word] += common
    for letter in "abcdefghijklmnopqrstuvwxyz":
        counts["-" + letter] += common
        counts[" " + letter] += common
        counts[" " + letter.upper()] += common
    return Tokenizer(train_merges(counts, vocab_size - len(SPECIAL) - 256))


_AGREE = ["Yes please.", "Yes, please.", "Yes, please!", "Yes.", "Please do.", "yes", "Sure.", "Ok."]


class Maker:
    """Draws conversations. Deterministic for a random generator."""

    def __init__(self, tokenizer, stories):
        self.tokenizer, self.stories = tokenizer, stories
        self.skills = SkillSet(stories, tokenizer)
        self.tool_talk = ToolTalk(self.skills.words, lambda rng: self._small_turns(rng, has_tools=True))

    def _skill_turns(self, rng):
        skill = self.skills.sample(rng)
        question = skill.sample(rng)
        turns = [(question.text, question.reply)]
        while rng.random() < 0.12:
            question = skill.sample(rng, short=True)
            turns.append((question.text, question.reply))
        return turns

    def _small_turns(self, rng, has_tools=False):
        """A few turns without a story. With tools, nothing is unknown that one of them may know."""
        roll = rng.random()
        if roll < 0.80:
            return self._skill_turns(rng)
        if roll < 0.91:
            return [dialogues.talk(rng)]
        if roll < 0.95:
            return [dialogues.fact(rng)]
        if roll < 0.97:
            return [self._unknown(rng, has_tools)]
        if roll < 0.985:
            return dialogues.names(rng)
        return [dialogues.no_name(rng) if rng.random() < 0.5 else dialogues.nonsense(rng)]

    def _unknown(self, rng, has_tools):
        if not has_tools and rng.random() < 0.4:
            return self.tool_talk.unknown(rng)
        while True:
            text, answer = dialogues.unknown(rng)
            if not (has_tools and re.search("weather|time|day", text)):
                return text, answer

    def _story_turns(self, rng, story):
        story = story_source.retell(rng, story)
        request, topic = story_source.request(rng, story)
        turns = []
        if rng.random() < 0.15:
            turns += self._small_turns(rng)
        elif rng.random() < 0.06:
            turns.append((rng.choice(["I am sad.", "I feel sad.", "I had a bad day.", "I am tired."]), "I am sorry to hear that. Shall I tell you a story to cheer you up?"))
            request, topic = rng.choice(_AGREE), None
        elif topic and topic.split()[-1] in words.ANIMALS and rng.random() < 0.05:
            turns.append(dialogues.offer(rng, topic.split()[-1]))
            request = rng.choice(_AGREE)
        turns.append((request, story))
        if rng.random() < 0.2 and topic:
            turns.append((rng.choice(["What was the story about?", "What is the story about?", "Who was the story about?", "What was it about?"]), f"The story was about {topic}."))
        if rng.random() < 0.3:
            turns += self._small_turns(rng)
        return turns

    def short(self, rng):
        turns = self._small_turns(rng)
        if rng.random() < 0.1:
            turns += self._small_turns(rng)
        return self._encode(rng, turns, 0.2)

    def long(self, rng, story):
        roll = rng.random()
        if roll < 0.15:
            ids = self.tokenizer.encode(story_source.retell(rng, story)) + [self.tokenizer.ids[ENDOFTEXT]]
            return ids, list(ids)
        turns = self._story_turns(rng, story)
        if roll < 0.25:
            again = rng.choice(self.stories)
            turns.append((rng.choice(["Tell me another story.", "Another one, please.", "Tell me another one.", "One more story, please.", "Again!"]), story_source.retell(rng, again)))
        tools = [tool.json for tool in self.tool_talk.tools(rng)] if roll > 0.95 else ()
        return self._encode(rng, turns, 0.1, tools)

    def with_tools(self, rng):
        messages, tools = self.tool_talk.conversation(rng)
        return training_ids(self.tokenizer, messages, tools, rng, 0.1)

    def _encode(self, rng, turns, dropout_share, tools=()):
        messages = (system(rng) if rng.random() < 0.15 else []) + as_messages(turns)
        return training_ids(self.tokenizer, messages, tools, rng, dropout_share)


def pack(documents, length, filler):
    """Rows of whole documents, as (inputs, targets) int16 arrays; a document longer than a row is cut."""
    inputs, targets, row_ids, row_targets = [], [], [], []

    def close():
        pad = length + 1 - len(row_ids)
        ids = row_ids + [filler] * pad
        marks = row_targets + [IGNORE] * pad
        inputs.append(ids[:-1])
        targets.append(marks[1:])

    for ids, marks in documents:
        ids, marks = ids[: length + 1], marks[: length + 1]
        if row_ids and len(row_ids) + len(ids) > length + 1:
            close()
            row_ids, row_targets = [], []
        row_ids, row_targets = row_ids + ids, row_targets + marks
    close()
    return np.array(inputs, np.int16), np.array(targets, np.int16)


def short_rows(maker, seed, count):
    """count conversations without stories."""
    rng = random.Random(f"short {seed}")
    return pack((maker.short(rng) for _ in range(count)), SHORT, 0)


def long_rows(maker, seed, share=1.0):
    """Every story (or the given share of them) once, retold."""
    rng = random.Random(f"long {seed}")
    chosen = rng.sample(maker.stories, int(len(maker.stories) * share))
    return pack((maker.long(rng, s) for s in chosen), LONG, 0)


def tool_rows(maker, seed, count):
    """count conversations with tools."""
    rng = random.Random(f"tools {seed}")
    return pack((maker.with_tools(rng) for _ in range(count)), LONG, 0)
