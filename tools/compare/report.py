#!/usr/bin/env python3
"""Merges what run.py measured into one table (Markdown, on standard output), one JSON file, and with --plot a figure (needs matplotlib)."""

import argparse
import json
import pathlib
import statistics

from engines import ENGINES
from work import PARTS


def merge(folder):
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")) if path.stem in PARTS]
    rows = []
    for document in documents:
        bounds = document["limits"]
        for work in PARTS[document["part"]]:
            figures = {row["engine"]: (statistics.median(row["samples"]), row["deviation"]) for row in document["rows"] if row["work"] == work.name}
            if figures:
                limit = work.limit(bounds["bytesPerSecond"], bounds["flopsPerSecond"]) if bounds else None
                rows.append({"work": work.name, "figures": figures, "limit": limit})
    return documents, rows


def number(value):
    return f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.1f}"


def markdown(rows):
    peers = [engine for engine in ENGINES if engine != "VkInfer"]
    print("| tokens/s |", " | ".join(["VkInfer", *peers, "beside the best of them", "limit", "of the limit"]), "|")
    print("|---|" + "--:|" * (len(peers) + 4))
    for row in rows:
        figures = row["figures"]
        own = figures.get("VkInfer")
        cells = [f"{number(figures[e][0])} ± {number(figures[e][1])}" if e in figures else "" for e in ("VkInfer", *peers)]
        best = max((figures[e][0] for e in peers if e in figures), default=None)
        cells.append(f"{own[0] / best:.2f} ×" if own and best else "")
        cells += [number(row["limit"]), f"{100 * own[0] / row['limit']:.0f} %"] if own and row["limit"] else ["", ""]
        print("|", row["work"], "|", " | ".join(cells), "|")


def plot(rows, path):
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(9, 0.45 * len(rows) + 1.5), layout="constrained")
    height = 0.8 / len(ENGINES)
    for index, engine in enumerate(ENGINES):
        bars = [(at + index * height, row["figures"][engine][0] / row["limit"]) for at, row in enumerate(rows) if engine in row["figures"] and row["limit"]]
        axes.barh([at for at, _ in bars], [share for _, share in bars], height, label=engine)
    axes.set_yticks([at + 0.4 - height / 2 for at in range(len(rows))], [row["work"] for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("share of the limit of memory and arithmetic")
    axes.legend()
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--plot", type=pathlib.Path)
    arguments = parser.parse_args()
    documents, rows = merge(arguments.results)
    markdown(rows)
    for document in documents:
        print(f"\n{document['part']}: {document['date']}; before: {document['before']}; after: {document.get('after')}", *document["failures"], sep="\n")
    if arguments.json:
        arguments.json.write_text(json.dumps({"rows": rows, "runs": documents}, indent=1), encoding="utf-8")
    if arguments.plot:
        plot(rows, arguments.plot)


if __name__ == "__main__":
    main()
