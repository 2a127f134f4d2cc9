"""Conversations with tools: questions for the weather and the time, calls, results and answers; and what needs no tool."""

import dialogues
import results
from chat_format import call_text
from declarations import declare
from places import place
from skills import is_held_out
from tokenizer import COPIED, plain

_QUESTIONS = {
    "weather": """What is the weather in {p}?|What's the weather in {p}?|What is the weather like in {p}?|What's the weather like in {p}?
        How is the weather in {p}?|How's the weather in {p}?|Tell me the weather in {p}.|Weather in {p}?|Weather in {p}|{p} weather|{p}, weather?
        Is it raining in {p}?|Is it sunny in {p}?|Is it cold in {p}?|Is it warm in {p}?|Is it windy in {p}?|How warm is it in {p}?
        How cold is it in {p}?|How hot is it in {p}?|What is the temperature in {p}?|What's the temperature in {p}?|Will it rain in {p}?
        Do I need an umbrella in {p}?|What will the weather be in {p}?|Check the weather in {p}.|Get the weather for {p}.|Will it snow in {p}?
        What is the forecast for {p}?|I am going to {p}. What is the weather there?|Can you tell me the weather in {p}?
        Please look up the weather in {p}.|What's it like outside in {p}?|Should I wear a coat in {p}?|I live in {p}. How is the weather?
        weather {p}|Does it rain in {p}?|Is the sun shining in {p}?|How many degrees is it in {p}?|Weather: {p}|Show me the weather of {p}.
        Could you check the weather for {p}?|I want to know the weather in {p}.|What is the weather at {p}?|Which weather does {p} have?""",
    "time": """What time is it in {p}?|What's the time in {p}?|Tell me the time in {p}.|What is the time in {p}?|Time in {p}?|Time in {p}
        How late is it in {p}?|Do you know what time it is in {p}?|Current time in {p}|Can you tell me the time in {p}?|{p} time|{p}, time?
        What does the clock say in {p}?|Is it late in {p}?|Is it morning in {p}?|Which time is it in {p}?|Look up the time in {p}.
        I want to call someone in {p}. What time is it there?|Get the time for {p}.|What hour is it in {p}?|Is it already night in {p}?
        Please tell me what time it is in {p}.|I live in {p}. What time is it?|Check the time in {p}.|time {p}|Time: {p}
        What is the local time in {p}?|What is the current time in {p}?|Could you check the time for {p}?|I want to know the time in {p}.
        My friend lives in {p}. How late is it there?|Show me the clock of {p}.|What's the local time in {p}?|How late is it now in {p}?""",
}
_HERE = {
    "weather": "What is the weather?|How is the weather?|What is the weather like?|What's the weather?|Is it raining?|How warm is it?|Do I need an umbrella?|Tell me the weather.|What is the weather today?|Is it cold outside?|Weather?|How is the weather today?|What is the temperature?",
    "time": "What time is it?|What's the time?|What is the time?|Tell me the time.|How late is it?|Do you know what time it is?|Time?|Can you tell me the time?|What time is it now?|What does the clock say?|What is the time now?",
}
_QUESTIONS, _HERE = ({kind: [q.strip() for line in text.split("\n") for q in line.split("|")] for kind, text in forms.items()} for forms in (_QUESTIONS, _HERE))
_AGAIN = ["And in {p}?", "And {p}?", "What about {p}?", "And for {p}?", "And in {p}, please?", "How about {p}?", "Now {p}."]
_THERE = {"weather": ["And how is the weather there?", "And the weather there?", "What is the weather there?"], "time": ["And what time is it there?", "And the time there?", "What time is it there?"]}
_BOTH = ["What are the weather and the time in {p}?", "Tell me the weather and the time in {p}.", "What is the weather in {p}, and what time is it there?", "How is the weather in {p} and what time is it?"]
_WHERE = ["In {p}.", "{p}", "{p}.", "{p}, please.", "In {p}, please.", "I mean {p}.", "For {p}."]
_BEFORE = ["Hello! ", "Hi! ", "Hi, ", "Hey, ", "Ok. ", "Thanks! ", "So, ", "Please: "]
_BEHIND = [" today", " now", " right now", " at the moment", ", please"]
_SYSTEM = ["You are a helpful assistant.", "You are a friendly assistant.", "Answer in short sentences.", "Be brief.", "You are good at looking things up.", "Use the tools.", "You tell people the weather and the time.", "You are a helpful assistant that can look up the weather.", "You answer questions about the weather.", "Be kind.", "You are an agent with tools."]
_KINDS = ["weather", "time", "weather time", "weather other", "time other", "weather time other", "other", "other other"]
_SHARES = [22, 16, 30, 8, 7, 9, 4, 4]
WHICH = "Which place do you mean?"


class ToolTalk:
    """Draws conversations with tools. Deterministic for a random generator. small_turns draws turns that need no tool."""

    def __init__(self, words, small_turns):
        self.words, self.small_turns = words, small_turns

    def tools(self, rng, kinds=None):
        """Declared tools, in any order, with names of their own."""
        while True:
            found = [declare(rng, kind) for kind in (kinds or rng.choices(_KINDS, _SHARES)[0]).split()]
            rng.shuffle(found)
            if len({tool.name.lower() for tool in found}) == len(found):
                return found

    def conversation(self, rng):
        """(messages, declarations)"""
        tools = self.tools(rng)
        messages = system(rng)
        last = None  # what was asked for, and where
        for _ in range(rng.choice((1, 2, 3, 3, 4))):
            if rng.random() < 0.2:
                messages += as_messages(self.small_turns(rng))
            else:
                new, last = self._exchange(rng, tools, last)
                messages += new
        return messages, [tool.json for tool in tools]

    def question(self, rng, kind, where, more=""):
        """A question for a place; more stands behind it."""
        text = rng.choice(_QUESTIONS[kind])
        end = "" if text[-1] not in "?." else text[-1]
        text = text.rstrip("?.")
        if more:
            text += more
        elif rng.random() < 0.15:
            text += rng.choice(_BEHIND)
        begins = text.startswith("{p}")
        text = text.format(p=where) + end
        return text if begins else typed(rng, text)

    def call(self, rng, tool, where, more=None):
        return {"role": "assistant", "content": "", "calls": [(tool.name, tool.arguments(where, more))]}

    def result(self, rng, kind, where):
        """[the tool's message, the answer]"""
        given, answer = (results.weather if kind == "weather" else results.time)(rng, where, self.words)
        return [{"role": "tool", "content": given}, {"role": "assistant", "content": answer}]

    def any_place(self, rng, held_out=False):
        while True:
            name = place(rng)
            if is_held_out(f"place:{name.lower()}") == held_out:
                return name

    def unknown(self, rng):
        """A question for which there is no tool."""
        kind = rng.choice(("weather", "time"))
        text = typed(rng, rng.choice(_HERE[kind])) if rng.random() < 0.3 else self.question(rng, kind, self.any_place(rng))
        return text, dialogues.UNKNOWN

    def _exchange(self, rng, tools, last):
        kind = rng.choice(("weather", "time"))
        tool = next((t for t in tools if t.kind == kind), None)
        other = next((t for t in tools if t.kind not in (kind, "other")), None)
        if tool is None and (other is None or rng.random() < 0.25):
            return as_messages([self.unknown(rng)]), None
        if tool is None:
            kind, tool, other = other.kind, other, None
        if tool.place is None:
            return self._asked(rng, tool, typed(rng, rng.choice(_HERE[kind])), None)
        roll = rng.random()
        where = self.any_place(rng)
        if last and roll < 0.2 and last[0] == kind:
            return self._asked(rng, tool, typed(rng, rng.choice(_AGAIN).format(p=where)), where)
        if last and roll < 0.2 and last[1]:
            return self._asked(rng, tool, typed(rng, rng.choice(_THERE[kind])), last[1])
        if roll < 0.26:
            asked = [{"role": "user", "content": typed(rng, rng.choice(_HERE[kind]))}, {"role": "assistant", "content": WHICH}]
            more, found = self._asked(rng, tool, rng.choice(_WHERE).format(p=where), where)
            return asked + more, found
        if roll < 0.32 and other and other.place:
            return self._both(rng, [tool, other] if kind == "weather" else [other, tool], where)
        if tool.more and rng.random() < 0.5:
            value = rng.choice(tool.values) if tool.values else rng.randint(2, 9)
            said = f" in {value.lower() if len(value) > 1 else value}" if tool.values else f" for the next {value} days"
            return self._asked(rng, tool, self.question(rng, kind, where, said), where, value)
        return self._asked(rng, tool, self.question(rng, kind, where), where)

    def _asked(self, rng, tool, text, where, more=None):
        return [{"role": "user", "content": text}, self.call(rng, tool, where and copied(where), more), *self.result(rng, tool.kind, where)], (tool.kind, where)

    def _both(self, rng, tools, where):
        calls = [(tool.name, tool.arguments(copied(where))) for tool in tools]
        given = [self.result(rng, tool.kind, where) for tool in tools]
        return [
            {"role": "user", "content": typed(rng, rng.choice(_BOTH).format(p=where))}, {"role": "assistant", "content": "", "calls": calls},
            *(tool for tool, _ in given), {"role": "assistant", "content": " ".join(answer["content"] for _, answer in given)}], (tools[1].kind, where)

    def held_out(self, rng, skill, fits):
        """A question of a skill: messages up to the answer, declarations, the answer. fits says which places may be asked for."""
        kind = {"tool-weather": "weather", "tool-time": "time"}.get(skill) or rng.choice(("weather", "time"))
        if skill == "no-tool":
            turns = self.small_turns(rng)[:1] if rng.random() < 0.7 else [self.unknown(rng)]
            kinds = rng.choice(("weather", "time", "weather time", "weather other", "weather time other")) if turns[0][1] != dialogues.UNKNOWN else rng.choice(("", "other"))
            return as_messages(turns)[:1], [tool.json for tool in self.tools(rng, kinds)] if kinds else [], plain(turns[0][1])
        while True:
            tools = self.tools(rng, rng.choice((kind, "weather time", f"{kind} other", "weather time other")))
            tool = next(t for t in tools if t.kind == kind)
            where = self.any_place(rng, held_out=True)
            if tool.place and fits(where):
                break
        messages = [{"role": "user", "content": self.question(rng, kind, where)}]
        call = self.call(rng, tool, where)
        if skill != "tool-answer":
            return messages, [tool.json for tool in tools], call_text(*call["calls"][0])
        given, answer = self.result(rng, kind, where)
        return [*messages, call, given], [tool.json for tool in tools], answer["content"]


SKILLS = ["tool-weather", "tool-time", "tool-answer", "no-tool"]


def system(rng):
    return [{"role": "system", "content": rng.choice(_SYSTEM)}] if rng.random() < 0.2 else []


def as_messages(turns):
    return [{"role": role, "content": text} for turn in turns for role, text in zip(("user", "assistant"), turn)]


def copied(text):
    return f"{COPIED}{text}{COPIED}"


def typed(rng, text):
    """Small differences in how people type."""
    roll = rng.random()
    if roll < 0.06 and text[:2] not in ("I ",):
        text = rng.choice(_BEFORE) + text
    elif roll < 0.16:
        text = text[0].lower() + text[1:]
    return text.rstrip("?.") if rng.random() < 0.15 else text
