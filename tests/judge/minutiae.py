"""Our minutiae: against the simulator's ground truth, and against NIST's mindtct under NIST's bozorth3 (through nbis-py).
"""

import itertools
import json
import math
import multiprocessing
import os
import random
import struct
import subprocess
import sys
import tempfile

import nbis
import prints as judge

QUALITY = "target/release/gatepost-quality"

# Same place and direction: pixels at 500 ppi, degrees. Judged is what lies within this share of the contact: the truth
# promises nothing at its border.
NEAR, TURNED, INSIDE = 15, 22.5, 0.9
RECALL, PRECISION = 0.85, 0.80

# A record has the best of them, so many at most.
FOR_MATCHERS = 60

FINGERS, IMPRESSIONS, IMPOSTORS = 100, 4, 6000
# What two equal error rates over 600 genuine pairs may differ by chance.
CHANCE = 0.005


def found(path, record):
    """The minutiae by our program and, read by this script alone, by its ISO/IEC 19794-2:2005 record."""
    said = subprocess.run(
        [QUALITY, "finger", path, "--json", "--ppi", "500", "--minutiae", record], check=True, capture_output=True
    )
    answer = json.loads(said.stdout)
    with open(record, "rb") as file:
        return answer["minutiae"], file.read()


def both(job):
    path, record = job
    return found(path, record)


def as_nbis_reads(record):
    """The record in the layout that nbis-py reads: a header of 24 bytes and a view of two, without extended data. What
    the standard says of the fields is checked on the way."""
    magic, length, _, _, _, across, down, views, _ = struct.unpack(">8sIHHHHHBB", record[:24])
    _, _, _, count = record[24:28]
    if (magic, length, across, down, views) != (b"FMR\0 20\0", len(record), 197, 197, 1):
        raise ValueError("not the header of ISO/IEC 19794-2:2005")
    body = record[28 : 28 + 6 * count]
    if record[28 + 6 * count :] != b"\0\0":
        raise ValueError("not the end of a view")
    body = b"".join(sorted((body[at : at + 6] for at in range(0, len(body), 6)), key=place))
    return magic + struct.pack(">I", 26 + len(body)) + record[12:24] + bytes([0, count]) + body


def place(minutia):
    """From left to right: bozorth3 wants its minutiae so, mindtct's are, and nbis-py passes them on as they come. In
    another order bozorth3 finds half as much in common, in mindtct's templates as in ours."""
    return [number & 0x3FFF for number in struct.unpack(">HH", minutia[:4])]


def inside(truth, x, y):
    contact = truth["contact"]
    turn = math.radians(contact["angle"])
    dx, dy = x - contact["x"], y - contact["y"]
    across = (dx * math.cos(turn) + dy * math.sin(turn)) / (contact["width"] / 2)
    down = (dy * math.cos(turn) - dx * math.sin(turn)) / (contact["height"] / 2)
    return abs(across) ** 2.4 + abs(down) ** 2.4 < INSIDE**2.4


def pairs(ours, wanted):
    near = []
    for (i, f), (j, w) in itertools.product(enumerate(ours), enumerate(wanted)):
        apart = math.hypot(f[0] - w[0], f[1] - w[1])
        if apart <= NEAR and judge.angle_between(f[2], w[2]) <= TURNED:
            near.append((apart, i, j))
    met = {}
    for _, i, j in sorted(near):
        if i not in met and j not in met.values():
            met[i] = j
    return met


def agreement(sets, truths):
    met_found = met_wanted = all_found = all_wanted = 0
    for ours, truth in zip(sets, truths):
        wanted = [(m["x"], m["y"], m["angle"]) for m in truth["minutiae"]]
        met = pairs(ours, wanted)
        met_found += sum(inside(truth, *ours[i][:2]) for i in met)
        met_wanted += sum(inside(truth, *wanted[j][:2]) for j in met.values())
        all_found += sum(inside(truth, *m[:2]) for m in ours)
        all_wanted += sum(inside(truth, *m[:2]) for m in wanted)
    return met_wanted / all_wanted, met_found / all_found, all_wanted


def ground_truth(pool, place):
    prints = judge.render(os.path.join(place, "good"), "--count", 100, "--seed", 61_000)
    truths = [truth for _, truth in prints]
    answers = pool.map(both, [(path, path + ".fmr") for path, _ in prints], chunksize=4)
    ours = [[(m["x"], m["y"], m["angle"]) for m in minutiae] for minutiae, _ in answers]
    theirs = pool.map(judge.minutiae, [path for path, _ in prints])
    recall, precision, wanted = agreement(ours, truths)
    other = agreement(theirs, truths)
    said = f"recall {recall:.3f}, precision {precision:.3f} of {wanted}; mindtct {other[0]:.3f}, {other[1]:.3f}"
    judge.check("minutiae: good prints, 15 px, 22.5 degrees", recall >= RECALL and precision >= PRECISION, said)
    extractor = nbis.new_nbis_extractor(
        nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=False, ppi=500.0
        )
    )
    same = sum(
        len(extractor.load_iso_19794_2_2005(as_nbis_reads(record)).get()) == min(len(minutiae), FOR_MATCHERS)
        for minutiae, record in answers
    )
    judge.check("minutiae: nbis-py reads our records", same == len(answers), f"{same} of {len(answers)}")


def rate(templates, genuine, impostors):
    with multiprocessing.Pool(initializer=judge.keep, initargs=(templates,)) as matchers:
        same = matchers.map(judge.compare, genuine, chunksize=20)
        different = matchers.map(judge.compare, impostors, chunksize=100)
    return judge.equal_error_rate(same, different)


def matching(pool, place):
    # As a population puts its fingers down, good and bad.
    options = ("--count", FINGERS, "--impressions", IMPRESSIONS, "--seed", 20_000)
    folder = os.path.join(place, "matching")
    subprocess.run(
        [judge.SIMULATOR, "render", "prints", "--dir", folder, "--population", *map(str, options)], check=True
    )
    with open(os.path.join(folder, "truth.jsonl"), encoding="utf-8") as lines:
        truths = [json.loads(line) for line in lines]
    paths = [os.path.join(folder, truth["file"]) for truth in truths]
    records = [as_nbis_reads(record) for _, record in pool.map(both, [(p, p + ".fmr") for p in paths], chunksize=4)]
    templates = pool.map(judge.template, paths, chunksize=4)
    # nbis-py reads no template without minutiae: such a print takes part for neither.
    used = [i for i in range(len(paths)) if len(records[i]) > 26 and len(templates[i]) > 26]
    every = list(itertools.combinations(range(len(used)), 2))
    person = [truths[i]["person"] for i in used]
    genuine = [pair for pair in every if person[pair[0]] == person[pair[1]]]
    others = [pair for pair in every if person[pair[0]] != person[pair[1]]]
    impostors = random.Random(1).sample(others, IMPOSTORS)
    ours = rate([records[i] for i in used], genuine, impostors)
    theirs = rate([templates[i] for i in used], genuine, impostors)
    said = f"{ours:.2%}, mindtct {theirs:.2%}, over {len(genuine)} genuine and {IMPOSTORS} impostor pairs of {len(used)} prints"
    judge.check("minutiae: equal error rate under bozorth3", ours <= theirs + CHANCE, said)


def main():
    for program in (judge.SIMULATOR, QUALITY):
        if not os.path.exists(program):
            print(f"SKIPPED minutiae: {program} is not built")
            return
    with tempfile.TemporaryDirectory() as place, multiprocessing.Pool() as pool:
        ground_truth(pool, place)
        matching(pool, place)


if __name__ == "__main__":
    sys.exit(main())
