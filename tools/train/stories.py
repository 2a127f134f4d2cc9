"""Stories as answers: what a story is about, how one asks for it, and how it is varied so that few stories go far."""

import re

import words

_REQUESTS = [
    "Tell me a story about {topic}.", "Tell me a story about {topic}.", "Tell me a story about {topic}.",
    "Tell me a short story about {topic}.", "Write a story about {topic}.", "Write a short story about {topic}.",
    "Can you tell me a story about {topic}?", "Please tell me a story about {topic}.", "I want a story about {topic}.",
    "I would like to hear a story about {topic}.", "Could you write a little story about {topic}?", "A story about {topic}, please.",
    "Make up a story about {topic}.", "Do you know a story about {topic}?",
]
_OPEN_REQUESTS = [
    "Tell me a story.", "Tell me a story.", "Tell me a short story.", "Can you tell me a story?", "Please tell me a story.", "Write a story.",
    "I want to hear a story.", "Do you know a story?", "A story, please.", "Tell me a bedtime story.", "Read me a story.",
]
_FIGURES = (words.ANIMALS_LAND, ["dragon", "monster", "robot", "dinosaur", "giant"], ["princess", "fairy", "queen"], ["prince", "king", "wizard", "knight", "pirate"])
_SWAPPED = {**{w: group for group in _FIGURES for w in group}, "bird": words.ANIMALS_AIR, "duck": words.ANIMALS_AIR}
_VERBS_TOO = {"saw", "watch", "wave", "ring", "show"}  # mostly not the noun
_NOUN = re.compile(r"\b(" + "|".join(n for n in words.NOUNS if n not in _VERBS_TOO) + r")\b")
_HERO = re.compile(r"\b(?:was|lived) (?:once )?an? (?:[a-z]+,? ){0,3}?(" + "|".join(n for n in words.NOUNS if n not in _VERBS_TOO) + r")\b")
_HEROES = words.ANIMALS_LAND + words.ANIMALS_AIR + ["frog", "turtle", "dragon", "robot", "monster", "dinosaur"]
_NAME = re.compile(r"\b(" + "|".join(words.GIRLS + words.BOYS) + r")\b")


def read_stories(path):
    with open(path, encoding="utf-8") as file:
        stories = [s.strip() for s in file.read().split("<|endoftext|>")]
    return [s for s in stories if s and s.isascii()]


def retell(rng, story):
    """The story with other names and, now and then, another animal or figure in the leading part."""
    names, met = {}, set(_NAME.findall(story))
    for group in (words.GIRLS, words.BOYS):
        present = [n for n in group if n in met]
        fresh = rng.sample([n for n in group if n not in present], len(present)) if present else []
        if rng.random() < 0.8:
            names.update(zip(present, fresh))
    if names:
        story = re.sub(r"\b(" + "|".join(names) + r")\b", lambda m: names[m[0]], story)
    hero = _hero(story)
    if hero in ("girl", "boy") and rng.random() < 0.5:
        return _swap(story, hero, rng.choice(_HEROES))
    found = re.findall(r"\b[a-z]+\b", story)
    leading = [a for a in _SWAPPED if found.count(a) >= 2]
    if leading and rng.random() < 0.7:
        old = hero if hero in leading else rng.choice(leading)
        return _swap(story, old, rng.choice(_SWAPPED[old]))
    return story


def _hero(story):
    """Who the first sentence introduces, if it does."""
    match = _HERO.search(story[:160])
    return match[1] if match else None


def _swap(story, old, new):
    """The story with one being for another, unless the new one is in it already."""
    if re.search(rf"\b{new}\b", story, re.I):
        return story
    story = re.sub(rf"\b([Aa])n? {old}\b", lambda m: f"{'A' if m[1] == 'A' else 'a'}{'n' if words.article(new) == 'an' else ''} {new}", story)
    story = re.sub(rf"\b{old}\b", new, story)
    story = re.sub(rf"\b{old.capitalize()}\b", new.capitalize(), story)
    return re.sub(rf"\b{words.plural(old)}\b", words.plural(new), story)



def topics(story):
    """Up to three nouns that the story is about: who it introduces first, then what is met early and often."""
    lead = set(_NOUN.findall(story[: max(200, len(story) // 3)]))
    counts = {}
    for noun in _NOUN.findall(story):
        if noun in lead:
            counts[noun] = counts.get(noun, 0) + 1
    beings, opening = {*words.ANIMALS, *words.PEOPLE}, set(_NOUN.findall(story[:150]))
    leading = [n for n in counts if counts[n] >= 3 or counts[n] == 2 and (n in beings or n in opening)]
    found = sorted(leading, key=lambda n: (n not in words.ANIMALS, -counts[n], n))
    hero = _hero(story)
    return [hero, *(n for n in found if n != hero)][:3] if hero else found[:3]


def request(rng, story):
    """(a request that the story answers, its topic with article or None)"""
    about = topics(story)
    if not about or rng.random() < 0.12:
        return rng.choice(_OPEN_REQUESTS), None
    noun = about[0] if rng.random() < 0.8 else rng.choice(about)
    topic = f"{words.article(noun)} {noun}"
    roll = rng.random()
    name = _NAME.search(story[:200])
    if name and roll < 0.12:
        person = "girl" if name[0] in words.GIRLS else "boy"
        topic = rng.choice([name[0], f"a {person} named {name[0]}", f"{name[0]} and {topic}"])
    elif len(about) > 1 and roll < 0.25:
        other = next(n for n in about if n != noun)
        topic = f"{topic} and {words.article(other)} {other}"
    text = rng.choice(_REQUESTS).format(topic=topic)
    if rng.random() < 0.1:
        text = text[0].lower() + text[1:]
    if rng.random() < 0.15:
        text = text.rstrip(".?")
    return text, topic


def open_request(rng):
    return rng.choice(_OPEN_REQUESTS)
