"""Renders prints of the recipe and has the oracle score them.

    python label.py SIMULATOR FOLDER FIRST COUNT [SHARE OF]

Writes FOLDER/NUMBER.png and, one line a print, FOLDER/labels-SHARE.jsonl with number, score (null if it cannot be
scored) and the oracle's native values. Numbers that are there already are left alone, so that it can be stopped and
started again; SHARE OF splits the work over processes.
"""

import io
import json
import os
import sys
import tempfile

from PIL import Image

import oracle
import recipe


def main(simulator, folder, first, count, share=0, of=1):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"labels-{share}.jsonl")
    done = set()
    if os.path.exists(path):
        with open(path, encoding="utf-8") as lines:
            done = {json.loads(line)["number"] for line in lines}
    with open(path, "a", encoding="utf-8") as out, tempfile.TemporaryDirectory() as place:
        for number in range(first, first + count):
            if number % of != share or number in done:
                continue
            grey = recipe.picture(recipe.drawn(number), simulator, place)
            memory = io.BytesIO()
            Image.fromarray(grey).save(memory, "PNG", compress_level=1)
            png = memory.getvalue()
            with open(os.path.join(folder, f"{number}.png"), "wb") as file:
                file.write(png)
            judged = oracle.judged(png)
            score, values = judged if judged else (None, None)
            out.write(json.dumps({"number": number, "score": score, "values": values}) + "\n")
            out.flush()


if __name__ == "__main__":
    main(*sys.argv[1:3], *map(int, sys.argv[3:]))
