"""Trains both GFQ models.

    python train.py [--cross-validate] CONFORMANCE FOLDER...

CONFORMANCE is NIST's table conformance_expected_output-v2.3.0.csv. Every FOLDER holds labels-*.jsonl of label.py and
values.jsonl of measure.py. Writes gfq.model, gfq-no-minutiae.model, frozen.csv (rows for the tests of the evaluator) and
labels.csv beside this file; with --cross-validate it first says what five-fold cross-validation gives.
"""

import csv
import glob
import json
import os
import sys

import numpy

import model
import recipe

VERSION = "3"
HERE = os.path.dirname(os.path.abspath(__file__))
# A conformance row is a real print; it counts as much as this many drawn ones.
CONFORMANCE_WEIGHT = 3.0
FROZEN = 16


def lines(pattern):
    for path in sorted(glob.glob(pattern)):
        with open(path, encoding="utf-8") as rows:
            yield from map(json.loads, rows)


def conformance(path):
    """Values and scores of the rows that have them."""
    with open(path, newline="", encoding="utf-8") as rows:
        rows = [row for row in csv.DictReader(rows) if row["FDA_Bin10_0"] != "NA"]
    return [[float(row[name]) for name in identifiers()] for row in rows], [float(row["QualityScore"]) for row in rows]


def identifiers():
    """The native values in the order of the forest, out of the program that measures them."""
    source = os.path.join(HERE, "../../src/quality/src/finger/natives.rs")
    with open(source, encoding="utf-8") as text:
        listed = text.read().split("pub const IDS: [&str; COUNT] = [")[1].split("];")[0]
    names = [part.strip().strip('"') for part in listed.split(",") if part.strip()]
    if len(names) != model.COUNT:
        raise RuntimeError(f"{len(names)} identifiers")
    return names


def drawn(folders):
    """Numbers, our own values and the oracle's scores of the prints that have both, in the order of their numbers."""
    rows = {}
    for folder in folders:
        scores = {line["number"]: line["score"] for line in lines(os.path.join(folder, "labels-*.jsonl"))}
        for line in lines(os.path.join(folder, "values.jsonl")):
            score = scores.get(line["number"])
            if score is not None and len(line["values"]) == model.COUNT:
                rows[line["number"]] = ([line["values"][name] for name in identifiers()], score)
    numbers = sorted(rows)
    return numbers, [rows[number][0] for number in numbers], [rows[number][1] for number in numbers]


def labels(folders):
    """The committed part: number, sensor, defects, score. Everything else follows from the number."""
    scores = {}
    for folder in folders:
        scores |= {line["number"]: line["score"] for line in lines(os.path.join(folder, "labels-*.jsonl"))}
    with open(os.path.join(HERE, "labels.csv"), "w", encoding="utf-8") as out:
        out.write("number,sensor,defects,score\n")
        for number in sorted(scores):
            print_ = recipe.drawn(number)
            defects = " ".join(f"{axis} {level:.2f}" for axis, level in print_["levels"].items())
            score = "" if scores[number] is None else scores[number]
            out.write(f"{number},{print_['sensor']},{defects},{score}\n")


def told(name, answers, scores):
    answers, scores = numpy.asarray(answers), numpy.asarray(scores)
    off = numpy.abs(answers - scores)
    ranks = [numpy.argsort(numpy.argsort(values, kind="stable"), kind="stable") for values in (answers, scores)]
    rounded = numpy.floor(answers + 0.5)
    agree = " ".join(f"{((rounded >= limit) == (scores >= limit)).mean():.3f}" for limit in (10, 20, 30))
    print(
        f"{name}: {len(scores)} prints, MAE {off.mean():.2f}, Spearman {numpy.corrcoef(*ranks)[0, 1]:.3f},"
        f" p95 {numpy.percentile(off, 95):.1f}, agree at 10/20/30 {agree}",
        flush=True,
    )


def cross_validated(minutiae, values, scores, weights, real):
    answers = numpy.zeros(len(scores))
    for fold in range(5):
        left_out = numpy.arange(len(scores)) % 5 == fold
        fitted = model.Model(minutiae).fit(values[~left_out], scores[~left_out], weights[~left_out])
        answers[left_out] = fitted.answer(values[left_out])
    told("  drawn, left out", answers[~real], scores[~real])
    told("  conformance rows, left out", answers[real], scores[real])


def main(table, folders, validates):
    numbers, values, scores = drawn(folders)
    real_values, real_scores = conformance(table)
    values = numpy.array(values + real_values, dtype=float)
    scores = numpy.array(scores + real_scores, dtype=float)
    real = numpy.arange(len(scores)) >= len(numbers)
    weights = numpy.where(real, CONFORMANCE_WEIGHT, 1.0)
    answers = []
    for minutiae, name in ((True, "gfq"), (False, "gfq-no-minutiae")):
        print(name, flush=True)
        if validates:
            cross_validated(minutiae, values, scores, weights, real)
        fitted = model.Model(minutiae).fit(values, scores, weights)
        answers.append(fitted.answer(values))
        with open(os.path.join(HERE, f"{name}.model"), "wb") as out:
            out.write(fitted.written(VERSION))
    freeze(values, answers)
    labels(folders)


def freeze(values, answers):
    """Rows over the whole range whose answers do not lie where rounding could go either way."""
    safe = numpy.abs(answers[0] - numpy.floor(answers[0]) - 0.5) > 0.05
    order = [place for place in numpy.argsort(answers[0], kind="stable") if safe[place]]
    chosen = [order[place] for place in numpy.linspace(0, len(order) - 1, FROZEN).astype(int)]
    with open(os.path.join(HERE, "frozen.csv"), "w", encoding="utf-8") as out:
        for place in chosen:
            numbers = [f"{value:.9g}" for value in values[place]]
            out.write(",".join([*numbers, *(f"{answer[place]:.3f}" for answer in answers)]) + "\n")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--cross-validate"]
    main(arguments[0], arguments[1:], "--cross-validate" in sys.argv)
