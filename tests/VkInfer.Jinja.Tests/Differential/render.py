# Renders a template per line with jinja2, set up as transformers does for chat templates: a line of JSON in, a line of JSON out.
# The first line has the variables.
import copy
import datetime
import json
import sys

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = lambda format: datetime.datetime(2025, 7, 10, 9, 5, 3).strftime(format)

variables = json.loads(sys.stdin.readline())
print(json.dumps({"output": jinja2.__version__}), flush=True)
for line in sys.stdin:
    template = json.loads(line)
    try:
        answer = {"output": environment.from_string(template).render(**copy.deepcopy(variables))}
        json.dumps(answer).encode()
    except RecursionError:
        answer = {"error": "RecursionError"}
    except Exception as problem:
        answer = {"error": f"{type(problem).__name__}: {problem}"}
    print(json.dumps(answer), flush=True)
