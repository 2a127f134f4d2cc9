"""The chat format: ChatML, with tools in Hermes' and Qwen's form. The template and the ids that training makes say the same."""

import json
import re

from tokenizer import COPIED, ENDOFTEXT, IM_END, IM_START, SPECIAL, TOOL_CALL, TOOL_CALL_END, TOOL_RESPONSE, TOOL_RESPONSE_END, TOOLS, TOOLS_END

IGNORE = -100

TEMPLATE = (
    "{% if tools %}"
    "{{ '<|im_start|>system\\n' }}{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] + '\\n' }}{% endif %}{{ '<tools>' }}"
    "{% for tool in tools %}{{ '\\n' }}{{ tool['function'] | tojson }}{% endfor %}"
    "{{ '\\n</tools><|im_end|>\\n' }}"
    "{% endif %}"
    "{% for message in messages %}"
    "{% if message['role'] == 'tool' %}"
    "{% if loop.first or messages[loop.index0 - 1]['role'] != 'tool' %}{{ '<|im_start|>user\\n' }}{% endif %}"
    "{{ '<tool_response>' + message['content'] + '</tool_response>' }}"
    "{% if loop.last or messages[loop.index0 + 1]['role'] != 'tool' %}{{ '<|im_end|>\\n' }}{% endif %}"
    "{% elif not (tools and loop.first and message['role'] == 'system') %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] }}"
    "{% for call in message['tool_calls'] %}"
    "{{ '<tool_call>{\"name\": ' }}{{ call['function']['name'] | tojson }}{{ ', \"arguments\": ' }}{{ call['function']['arguments'] | tojson }}"
    "{{ '}</tool_call>' }}"
    "{% endfor %}"
    "{{ '<|im_end|>\\n' }}"
    "{% endif %}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

_MARKERS = re.compile("(" + "|".join(map(re.escape, SPECIAL)) + ")")


def call_text(name, arguments):
    """A call as the model writes it."""
    return f'{TOOL_CALL}{{"name": {_json(name)}, "arguments": {_json(arguments)}}}{TOOL_CALL_END}'


def said(message):
    """What an assistant's message says, calls included."""
    return message["content"] + "".join(call_text(name, arguments) for name, arguments in message.get("calls", []))


def prompt_text(messages, tools=()):
    """The format up to where the model answers, as the template writes it."""
    return "".join(text for text, _, _ in _parts(messages, tools)) + f"{IM_START}assistant\n"


def prompt_ids(tokenizer, messages, tools=()):
    return _encode(tokenizer, prompt_text(messages, tools))


def training_ids(tokenizer, messages, tools=(), rng=None, dropout_share=0.0):
    """(ids, targets) of a whole conversation: a target is the id itself where the model has to learn it, IGNORE elsewhere."""
    ids, targets = [], []
    for text, learns, is_typed in _parts(messages, tools):
        dropout = rng if is_typed and rng and rng.random() < dropout_share else None
        new = _encode(tokenizer, text, dropout)
        ids += new
        targets += new if learns else [IGNORE] * len(new)
    # Behind the last answer there is no other turn.
    newline = len(tokenizer.encode("\n"))
    return ids[:-newline] + [tokenizer.ids[ENDOFTEXT]], targets[:-newline] + [IGNORE]


def _parts(messages, tools):
    """[(text, whether the model says it, whether a user typed it)]; no text joins with the next into one word."""
    if tools:
        system = messages[0]["content"] + "\n" if messages[0]["role"] == "system" else ""
        listed = "".join("\n" + _json(tool) for tool in tools)
        yield f"{IM_START}system\n{system}{TOOLS}{listed}\n{TOOLS_END}{IM_END}\n", False, False
    for index, message in enumerate(messages):
        role = message["role"]
        if role == "tool":
            if messages[index - 1]["role"] != "tool":
                yield f"{IM_START}user\n", False, False
            yield f"{TOOL_RESPONSE}{message['content']}{TOOL_RESPONSE_END}", False, False
            if index + 1 == len(messages) or messages[index + 1]["role"] != "tool":
                yield f"{IM_END}\n", False, False
        elif not (tools and index == 0 and role == "system"):
            yield f"{IM_START}{role}\n", False, False
            if role == "assistant":
                yield said(message) + IM_END, True, False
            else:
                yield message["content"], False, role == "user"
                yield IM_END, False, False
            yield "\n", False, False


def _encode(tokenizer, text, dropout=None):
    ids = []
    for part in _MARKERS.split(text):
        if part in SPECIAL:
            ids.append(tokenizer.ids[part])
        elif part:
            ids += tokenizer.encode(part, dropout, 0.15)
    return ids


def _json(value):
    return json.dumps(value, ensure_ascii=False).replace("\\u0002", COPIED)
