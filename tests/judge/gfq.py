"""GFQ beside the real NFIQ 2 (nbis-py) on prints that it was not trained on: those of models/finger/recipe.py from TEST
on, of several sensors. Deciles and kinds are reported with the means.

    python gfq.py [COUNT]

GATEPOST_NFIQ2_SAMPLES is the folder of NIST's five sample prints (SFinGe_Test01.pgm and so on with their outputs).
"""

import io
import json
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile

import numpy
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../models/finger"))

import oracle  # noqa: E402
import recipe  # noqa: E402

SIMULATOR, QUALITY = "target/release/gatepost-sim", "target/release/gatepost-quality"
COUNT = 2000
LIMITS = (10, 20, 30)
# What issue and licence of the name promise: mean error, rank correlation, share of equal verdicts at every limit.
MEAN_ERROR, RANKS, AGREEMENT = 3.0, 0.97, 0.98
# On five prints a mean says little: each may be this far off, in points.
SAMPLE_ERROR = 8


def drawn(task):
    """Writes one print and asks the oracle."""
    number, place = task
    grey = recipe.picture(recipe.drawn(number), SIMULATOR, place)
    memory = io.BytesIO()
    Image.fromarray(grey).save(memory, "PNG", compress_level=1)
    with open(os.path.join(place, f"{number}.png"), "wb") as file:
        file.write(memory.getvalue())
    judged = oracle.judged(memory.getvalue())
    return number, judged[0] if judged else None


def own(paths):
    """Our score of each file, or None."""
    found = []
    for first in range(0, len(paths), 200):
        command = [QUALITY, "finger", "--json", "--ppi", "500", *paths[first : first + 200]]
        lines = subprocess.run(command, check=True, capture_output=True).stdout.splitlines()
        found += [json.loads(line).get("score", {}) for line in lines]
    return found


def ranks(values):
    """Ranks; equal values share the mean of theirs."""
    _, places, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    ends = numpy.cumsum(counts)
    return (ends - (counts - 1) / 2)[places]


def told(ours, theirs):
    off = numpy.abs(ours - theirs)
    correlation = numpy.corrcoef(ranks(ours), ranks(theirs))[0, 1]
    agree = [((ours >= limit) == (theirs >= limit)).mean() for limit in LIMITS]
    said = f"{len(ours)} prints, mean error {off.mean():.2f}, Spearman {correlation:.3f}, 95 % within "
    said += f"{numpy.percentile(off, 95):.0f}, bias {(ours - theirs).mean():+.2f}, equal verdicts "
    said += ", ".join(f"{share:.1%} at {limit}" for limit, share in zip(LIMITS, agree))
    return off.mean(), correlation, agree, said


def check(name, holds, why):
    print(f"{'PASS' if holds else 'FAIL'} gfq: {name}: {why}", flush=True)


def unseen(count):
    with tempfile.TemporaryDirectory() as place:
        with multiprocessing.Pool() as pool:
            numbers = range(recipe.TEST, recipe.TEST + count)
            scores = dict(pool.imap_unordered(drawn, ((number, place) for number in numbers), chunksize=8))
        found = own([os.path.join(place, f"{number}.png") for number in numbers])
    rows = [(number, scores[number], score.get("value")) for number, score in zip(numbers, found)]
    both = [row for row in rows if row[1] is not None and row[2] is not None]
    names = sorted({f"{score['name']} {score['model']}" for score in found if "name" in score})
    print(f"gfq: scored by {', '.join(names)}; {sum(row[1] is None for row in rows)} of {count} the oracle cannot score,")
    print(f"gfq: {sum(row[1] is None and (row[2] or 0) >= 30 for row in rows)} of them get 30 or more from us")
    missed = sum(row[1] is not None and row[2] is None for row in rows)
    check("what the oracle scores has a score", missed <= count / 500, f"{missed} of {count} have none")
    kinds = numpy.array([recipe.kind(number) for number, *_ in both])
    theirs = numpy.array([row[1] for row in both], dtype=float)
    ours = numpy.array([row[2] for row in both], dtype=float)
    for kind in sorted(set(kinds)):
        print(f"gfq: {kind}: {told(ours[kinds == kind], theirs[kinds == kind])[3]}")
    for decile in numpy.array_split(numpy.argsort(theirs, kind="stable"), 10):
        off = ours[decile] - theirs[decile]
        span = f"{theirs[decile].min():.0f} to {theirs[decile].max():.0f}"
        print(f"gfq: NFIQ 2 {span}: mean error {numpy.abs(off).mean():.2f}, bias {off.mean():+.2f}")
    error, correlation, agree, said = told(ours, theirs)
    check(f"mean error at most {MEAN_ERROR}", error <= MEAN_ERROR, said)
    check(f"Spearman at least {RANKS}", correlation >= RANKS, f"{correlation:.3f}")
    for limit, share in zip(LIMITS, agree):
        check(f"verdicts at {limit} equal in {AGREEMENT:.0%}", share >= AGREEMENT, f"{share:.1%}")


def samples():
    folder = os.environ.get("GATEPOST_NFIQ2_SAMPLES")
    if not folder:
        print("SKIPPED gfq: NIST's samples: GATEPOST_NFIQ2_SAMPLES names no folder")
        return
    names = [f"SFinGe_Test{number:02}" for number in range(1, 6)]
    theirs = []
    for name in names:
        with open(os.path.join(folder, f"{name}_output.txt"), encoding="utf-8") as text:
            theirs.append(int(re.search(r"UnifiedQualityScore: (\d+)", text.read())[1]))
    ours = [score["value"] for score in own([os.path.join(folder, f"{name}.pgm") for name in names])]
    off = [abs(our - their) for our, their in zip(ours, theirs)]
    said = f"{ours}, published {theirs}, mean error {sum(off) / len(off):.1f}"
    check(f"NIST's samples within {SAMPLE_ERROR}", max(off) <= SAMPLE_ERROR, said)


def main(count=COUNT):
    if not (os.path.exists(SIMULATOR) and os.path.exists(QUALITY)):
        print(f"SKIPPED gfq: {SIMULATOR} or {QUALITY} is not built")
        return
    unseen(int(count))
    samples()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
