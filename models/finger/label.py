"""Renders prints of the recipe and has the oracle score them.

    python label.py SIMULATOR FOLDER FIRST COUNT [SHARE OF]
    python label.py SIMULATOR FOLDER labelled [SHARE OF]

The second draws every number of labels.csv again. Writes FOLDER/NUMBER.png and, one line a print, FOLDER/labels-
SHARE.jsonl with number and score (null if it cannot be scored). Numbers that are there already are left alone, so
that it can be stopped and started again; SHARE OF splits the work over processes. A score that labels.csv has is
taken from there, which spares the oracle: two thirds of the time.
"""

import csv
import io
import json
import os
import sys
import tempfile

from PIL import Image

import oracle
import recipe


def labelled():
    """The scores of labels.csv."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "labels.csv"), newline="", encoding="utf-8") as rows:
        return {int(row["number"]): int(row["score"]) if row["score"] else None for row in csv.DictReader(rows)}


def score(number, png, known):
    """The real score of a print, None if it has none."""
    if number in known:
        return known[number]
    judged = oracle.judged(png)
    return judged[0] if judged else None


def main(simulator, folder, numbers, share=0, of=1):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"labels-{share}.jsonl")
    known, done = labelled(), set()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as lines:
            done = {json.loads(line)["number"] for line in lines}
    with open(path, "a", encoding="utf-8") as out, tempfile.TemporaryDirectory() as place:
        for number in numbers:
            if number % of != share or number in done:
                continue
            grey = recipe.picture(recipe.drawn(number), simulator, place)
            memory = io.BytesIO()
            Image.fromarray(grey).save(memory, "PNG", compress_level=1)
            png = memory.getvalue()
            with open(os.path.join(folder, f"{number}.png"), "wb") as file:
                file.write(png)
            out.write(json.dumps({"number": number, "score": score(number, png, known)}) + "\n")
            out.flush()


if __name__ == "__main__":
    again = sys.argv[3] == "labelled"
    counts = [int(argument) for argument in sys.argv[4 if again else 3 :]]
    wanted = sorted(labelled()) if again else range(counts[0], counts[0] + counts[1])
    main(*sys.argv[1:3], wanted, *(counts if again else counts[2:]))
