#!/usr/bin/env python3
"""Measures one part of the comparison: every engine in turn, on one machine, in one run. Writes RESULTS/PART.json after each engine."""

import argparse
import json
import pathlib
import sys
import time

import limits
from engines import ENGINES
from work import PARTS


def models(works):
    """The works of each model: an engine loads it once."""
    found = {}
    for work in works:
        found.setdefault((work.shape, work.weights), []).append(work)
    return found.values()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="the parts, and what is in them")
    parser.add_argument("--part", choices=PARTS)
    parser.add_argument("--engines", default=",".join(ENGINES), help="which of: " + ", ".join(ENGINES))
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results"))
    parser.add_argument("--minutes", type=float, default=9, help="no engine starts on a model after this")
    arguments = parser.parse_args()
    if arguments.list or not arguments.part:
        for part, works in PARTS.items():
            print(part, *(work.name for work in works), sep="\n    ")
        return 0

    started = time.monotonic()
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {"part": arguments.part, "date": time.strftime("%Y-%m-%d"), "before": limits.state(), "limits": limits.measure(), "rows": [], "failures": []}
    for works in models(PARTS[arguments.part]):
        for engine in arguments.engines.split(","):
            if time.monotonic() - started > 60 * arguments.minutes:
                document["failures"].append(f"{engine}, {works[0].shape} {works[0].weights}: no time left")
                continue
            try:
                for work, samples, deviation in ENGINES[engine](works):
                    document["rows"].append({"engine": engine, "work": work.name, "samples": samples, "deviation": deviation})
                    print(f"{engine:18}{work.name:48}{sorted(samples)[len(samples) // 2]:12.1f} ± {deviation:.1f}", flush=True)
            except Exception as failure:  # one engine's fault must not cost the others' figures
                document["failures"].append(f"{engine}, {works[0].shape} {works[0].weights}: {failure}")
                print(f"{engine}: {failure}", file=sys.stderr, flush=True)
            document["after"] = limits.state()
            (arguments.out / f"{arguments.part}.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
    return 1 if document["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
