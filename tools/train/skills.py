"""Skills with checkable answers: every question has exactly one right reply, word for word.

A skill draws questions at random. Which of them are held out is decided by a hash of what makes the question
new (the word, the pair of numbers, or for closed lists of facts the wording), so training can never see them.
"""

import random
import re
import zlib
from dataclasses import dataclass, field
from typing import Callable

import words
from tokenizer import LETTERS

HELD_OUT_PERCENT = 8


def is_held_out(key):
    return zlib.crc32(key.encode()) % 100 < HELD_OUT_PERCENT


@dataclass
class Question:
    text: str  # what the user says
    reply: str  # the right reply; may hold LETTERS marks, which a reader does not see
    key: str | None  # decides whether it is held out; None: never


@dataclass
class Skill:
    name: str
    weight: float  # share of the training questions
    draw: Callable[[random.Random, bool], Question]  # (rng, short form that follows a question of the same skill)
    letters: bool = field(default=False)  # asks about the letters of a word

    def sample(self, rng, held_out=False, short=False):
        while True:
            question = self.draw(rng, short)
            group = "word" if self.letters else self.name
            if (question.key is not None and is_held_out(f"{group}:{question.key}")) == held_out:
                return Question(_vary(rng, question.text), question.reply, question.key)


def _vary(rng, text):
    """Small differences in how people type."""
    roll = rng.random()
    if roll < 0.12:
        text = text[0].lower() + text[1:]
    elif roll < 0.18 and text[0] in "WHSRA" and not text.startswith("And"):
        text = "Please tell me: " + text[0].lower() + text[1:] if text.endswith("?") else "Please " + text[0].lower() + text[1:]
    if rng.random() < 0.15:
        text = text.rstrip("?.").rstrip()
    return text


def corpus_words(stories):
    """(words of the stories, words that follow an article there), lower case, in a fixed order."""
    counts, nouns = {}, {}
    for story in stories:
        for word in re.findall(r"\b[a-z]{2,11}\b", story):
            counts[word] = counts.get(word, 0) + 1
        for word in re.findall(r"\b(?:a|an|the) ([a-z]{3,11})\b", story):
            nouns[word] = nouns.get(word, 0) + 1
    return sorted(w for w, n in counts.items() if n >= 2), sorted(w for w, n in nouns.items() if n >= 3)


def _has_regular_plural(word):
    return not re.search(r"(s|z|[^aeiou]o|man|men|lf|children|people|mice|teeth|feet|fe)$", word)


def spelled(word):
    return "-".join(word)


def by_letter(word):
    """A word that the model writes letter by letter, the space before it included in the first token."""
    return f" {word[0]}{LETTERS}{word[1:]}{LETTERS}" if len(word) > 1 else f" {word}"


class SkillSet:
    """All skills.

    Training mixes in made-up words, so that every token learns its letters. A word that is one token is always
    trained, since nothing but training can tell how it is spelled: the held-out words have two tokens or more.
    """

    def __init__(self, stories, tokenizer=None, training=True):
        self.words, noun_like = corpus_words(stories)
        self.single, self.pieces = set(), ([], [])
        if tokenizer:
            self.single = {w for w in {*self.words, *noun_like, *words.NOUNS} if len(tokenizer.encode(" " + w)) == 1}
            first = [t[1:] for t in tokenizer.tokens if re.fullmatch("\u0120[a-z]+", t)]
            self.pieces = first, [t for t in tokenizer.tokens if re.fullmatch("[a-z]+", t)]
        self.nouns = list(words.NOUNS)
        if training:
            self.nouns = sorted(set(self.nouns) | {w for w in noun_like if _has_regular_plural(w)})
        else:
            self.words = [w for w in self.words if 3 <= len(w) <= 9]
            self.nouns = [n for n in self.nouns if n not in self.single or n in words.IRREGULAR_PLURALS]
        self.training = training
        self.skills = self._make()

    def __iter__(self):
        return iter(self.skills)

    def __getitem__(self, name):
        return next(s for s in self.skills if s.name == name)

    def sample(self, rng):
        """One of the skills, by weight."""
        return rng.choices(self.skills, weights=[s.weight for s in self.skills])[0]

    def _word(self, rng):
        """A word of the stories or, in training, a made-up one glued from tokens or from pieces of words."""
        if not self.training:
            return rng.choice(self.words)
        roll = rng.random()
        if roll < 0.6:
            word = rng.choice(self.words)
        elif roll < 0.85 and self.pieces[0]:
            first, following = self.pieces
            word = rng.choice(first) + "".join(rng.choice(following) for _ in range(rng.choice((1, 1, 2))))
        else:
            word = ""
            while len(word) < 3:
                piece = rng.choice(self.words)
                start = rng.randrange(len(piece))
                word += piece[start : start + rng.randint(1, 4)]
        word = word[:12]
        return word[0].upper() + word[1:] if rng.random() < 0.05 else word

    def _key(self, word):
        """What decides whether a word is held out."""
        return None if word.lower() in self.single else word.lower()

    def _make(self):
        opposites = words.opposites()

        def pick(rng, short, forms, short_forms):
            return rng.choice(short_forms if short else forms)

        def about_word(forms, short_forms, reply):
            def draw(rng, short):
                word = self._word(rng)
                return Question(pick(rng, short, forms, short_forms).format(w=word), reply(word), self._key(word))
            return draw

        def reverse_reply(w):
            return f"{w} is spelled {spelled(w)}. Backwards it is{by_letter(w[::-1])}."

        def numbers(forms, short_forms, make, reply):
            def draw(rng, short):
                a, b = make(rng)
                key = "+".join(map(str, sorted((a, b))))
                return Question(pick(rng, short, forms, short_forms).format(a=a, b=b), reply(a, b), key)
            return draw

        def pair(rng):
            high = 99 if rng.random() < 0.9 else 20
            return rng.randint(0, high), rng.randint(0, high)

        def ordered(rng):
            return tuple(sorted(pair(rng), reverse=True))

        def different(rng):
            high = 999 if rng.random() < 0.25 else 99
            return tuple(rng.sample(range(high + 1), 2))

        def fact(items, forms, short_forms, reply):
            """Closed lists: every fact is learned, the held-out questions are other wordings of it."""
            def draw(rng, short):
                item = rng.choice(items)
                text = pick(rng, short, forms, short_forms).format(*item)
                return Question(text, reply(*item), text)
            return draw

        def draw_compare(rng, short):
            a, b = different(rng)
            bigger = rng.random() < 0.6
            word = "bigger" if bigger else "smaller"
            forms = ["Which is {w}, {a} or {b}?", "Which number is {w}: {a} or {b}?", "What is {w}, {a} or {b}?", "Is {a} or {b} {w}?"]
            if bigger:
                forms.append("Which is greater, {a} or {b}?")
            answer, other = (max(a, b), min(a, b)) if bigger else (min(a, b), max(a, b))
            return Question(rng.choice(forms).format(w=word, a=a, b=b), f"{answer} is {word} than {other}.", "+".join(map(str, sorted((a, b)))))

        def draw_next(rng, short):
            n = rng.randint(1, 998) if rng.random() < 0.5 else rng.randint(1, 99)
            if rng.random() < 0.65:
                forms = ["What number comes after {n}?", "Which number comes after {n}?", "What is the number after {n}?", "What comes after {n}?", "What is the next number after {n}?"]
                return Question(rng.choice(["And after {n}?"] if short else forms).format(n=n), f"The number after {n} is {n + 1}.", str(n))
            forms = ["What number comes before {n}?", "Which number comes before {n}?", "What is the number before {n}?", "What comes before {n}?"]
            return Question(rng.choice(["And before {n}?"] if short else forms).format(n=n), f"The number before {n} is {n - 1}.", str(n))

        def draw_parity(rng, short):
            n = rng.randint(0, 999) if rng.random() < 0.5 else rng.randint(0, 99)
            forms = ["Is {n} even or odd?", "Is {n} odd or even?", "Is the number {n} even or odd?", "Tell me if {n} is even or odd."]
            return Question(rng.choice(["And {n}?", "What about {n}?"] if short else forms).format(n=n), f"{n} is {'odd' if n % 2 else 'even'}.", str(n))

        def draw_plural(rng, short):
            noun = rng.choice(self.nouns)
            forms = ["What is the plural of {w}?", "Give me the plural of {w}.", "What is the plural form of {w}?", "Tell me the plural of {w}.", "One {w}, two what?", "Make {w} plural."]
            text = rng.choice(["And {w}?", "And of {w}?", "What about {w}?"] if short else forms).format(w=noun)
            many = words.plural(noun)
            start = noun if many.startswith(noun) else many
            # The ending is written apart where the word itself stays as it is: it can then be copied.
            reply = f"The plural of {noun} is {start}{LETTERS}{many[len(start):]}{LETTERS}."
            return Question(text, reply, text if noun in words.IRREGULAR_PLURALS else self._key(noun))

        def neighbours(items, kind):
            found = []
            for i, item in enumerate(items):
                if i + 1 < len(items) or kind != "letter":
                    found.append((kind, "after", item, items[(i + 1) % len(items)]))
                if i > 0 or kind != "letter":
                    found.append((kind, "before", item, items[i - 1]))
            return found

        neighbour_forms = ["What {0} comes {1} {2}?", "Which {0} comes {1} {2}?", "Which {0} is {1} {2}?", "What is the {0} {1} {2}?", "Tell me the {0} {1} {2}.", "Name the {0} that comes {1} {2}.", "Do you know what {0} comes {1} {2}?"]
        neighbour_short = ["And {1} {2}?", "What comes {1} {2}?"]

        def neighbour_reply(kind, where, item, other):
            return f"The {kind} {where} {item} is {other}."

        return [
            Skill("addition", 3.0, numbers(
                ["What is {a} plus {b}?", "What is {a} + {b}?", "{a} + {b}", "{a}+{b}", "{a} + {b} = ?", "Add {a} and {b}.", "How much is {a} plus {b}?", "How much is {a} + {b}?", "Calculate {a} + {b}.", "What do you get if you add {a} and {b}?", "What is the sum of {a} and {b}?", "Can you add {a} and {b}?", "What's {a} plus {b}?", "What's {a} + {b}?", "{a} plus {b}"],
                ["And {a} + {b}?", "And {a} plus {b}?", "What about {a} + {b}?"], pair, lambda a, b: f"{a} + {b} = {a + b}.")),
            Skill("subtraction", 2.0, numbers(
                ["What is {a} minus {b}?", "What is {a} - {b}?", "{a} - {b}", "{a}-{b}", "{a} - {b} = ?", "Subtract {b} from {a}.", "Take {b} away from {a}.", "How much is {a} minus {b}?", "How much is {a} - {b}?", "Calculate {a} - {b}.", "What's {a} minus {b}?", "{a} minus {b}"],
                ["And {a} - {b}?", "And {a} minus {b}?", "What about {a} - {b}?"], ordered, lambda a, b: f"{a} - {b} = {a - b}.")),
            Skill("multiplication", 1.0, fact(
                [(str(a), str(b), str(a * b)) for a in range(11) for b in range(11)],
                ["What is {0} times {1}?", "What is {0} x {1}?", "{0} x {1}", "{0} * {1}", "What is {0} * {1}?", "Multiply {0} by {1}.", "How much is {0} times {1}?", "Calculate {0} x {1}.", "{0} times {1}", "What's {0} times {1}?"],
                ["And {0} times {1}?", "And {0} x {1}?"],
                lambda a, b, c: f"{a} x {b} = {c}.")),
            Skill("compare", 2.0, draw_compare),
            Skill("next-number", 1.0, draw_next),
            Skill("even-or-odd", 0.6, draw_parity),
            Skill("reverse", 3.0, about_word(
                ["Reverse the word {w}.", "Reverse the word \"{w}\".", "Reverse {w}.", "Write {w} backwards.", "Spell {w} backwards.", "What is {w} backwards?", "What is the word {w} backwards?", "Say {w} backwards.", "Can you reverse the word {w}?", "Turn the word {w} around.", "How do you write {w} backwards?", "What is {w} in reverse?", "Write the word {w} in reverse.", "Reverse: {w}"],
                ["And {w}?", "And the word {w}?", "What about {w}?"], reverse_reply), letters=True),
            Skill("spell", 1.5, about_word(
                ["How do you spell {w}?", "Spell {w}.", "Spell the word {w}.", "Can you spell {w}?", "How is {w} spelled?", "How do you spell the word \"{w}\"?", "What letters are in {w}?"],
                ["And {w}?", "And the word {w}?", "What about {w}?"], lambda w: f"{w} is spelled {spelled(w)}."), letters=True),
            Skill("count-letters", 2.0, about_word(
                ["How many letters are in {w}?", "How many letters are in the word {w}?", "How many letters does {w} have?", "How many letters does the word {w} have?", "Count the letters in {w}.", "Count the letters of {w}.", "How many letters are there in {w}?", "How long is the word {w}?"],
                ["And {w}?", "And in {w}?", "What about {w}?"], lambda w: f"{w} is spelled {spelled(w)}. It has {len(w)} letters."), letters=True),
            Skill("first-letter", 1.0, about_word(
                ["What is the first letter of {w}?", "What is the first letter of the word {w}?", "What letter does {w} start with?", "Which letter does {w} begin with?", "Tell me the first letter of {w}.", "What's the first letter in {w}?"],
                ["And of {w}?", "And {w}?"], lambda w: f"The first letter of {w} is {w[0]}."), letters=True),
            Skill("last-letter", 2.0, about_word(
                ["What is the last letter of {w}?", "What is the last letter of the word {w}?", "What letter does {w} end with?", "Which letter does {w} end with?", "Tell me the last letter of {w}.", "What's the last letter in {w}?"],
                ["And of {w}?", "And {w}?"], lambda w: f"The last letter of {w} is {w[-1]}."), letters=True),
            Skill("uppercase", 1.8, about_word(
                ["Write {w} in capital letters.", "Write the word {w} in capital letters.", "Write {w} in capitals.", "Make {w} uppercase.", "Put {w} in capital letters.", "What is {w} in capital letters?", "Can you write {w} in uppercase?"],
                ["And {w}?", "And the word {w}?"], lambda w: f"In capital letters, {w} is{by_letter(w.upper())}."), letters=True),
            Skill("plural", 2.0, draw_plural),
            Skill("opposite", 1.2, fact(
                sorted(opposites.items()),
                ["What is the opposite of {0}?", "What's the opposite of {0}?", "Tell me the opposite of {0}.", "Give me the opposite of {0}.", "Opposite of {0}?", "What is the opposite of the word {0}?", "What word is the opposite of {0}?", "Do you know the opposite of {0}?", "Name the opposite of {0}."],
                ["And of {0}?", "And the opposite of {0}?", "And {0}?"],
                lambda word, other: f"The opposite of {word} is {other}.")),
            Skill("calendar", 0.7, fact(neighbours(words.DAYS, "day") + neighbours(words.MONTHS, "month"), neighbour_forms, neighbour_short, neighbour_reply)),
            Skill("alphabet", 0.7, fact(neighbours(list(words.ALPHABET), "letter"), neighbour_forms, neighbour_short, neighbour_reply)),
        ]
