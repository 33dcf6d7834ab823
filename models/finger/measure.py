"""Measures prints that label.py made with our own program: values.jsonl in their folder.

    python measure.py GATEPOST-QUALITY FOLDER
"""

import json
import os
import subprocess
import sys


def main(quality, folder):
    names = sorted(name for name in os.listdir(folder) if name.endswith(".png"))
    with open(os.path.join(folder, "values.jsonl"), "w", encoding="utf-8") as out:
        for first in range(0, len(names), 200):
            paths = [os.path.join(folder, name) for name in names[first : first + 200]]
            run = subprocess.run([quality, "finger", "--json", "--ppi", "500", *paths], check=True, capture_output=True)
            for line in map(json.loads, run.stdout.splitlines()):
                number = int(os.path.splitext(os.path.basename(line["file"]))[0])
                out.write(json.dumps({"number": number, "values": line.get("measures", {})}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
