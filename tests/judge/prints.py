"""Our simulated fingerprints, looked at by NIST's programs: NFIQ 2 scores them, mindtct finds their minutiae and
bozorth3 compares them (all through nbis-py).
"""

import itertools
import json
import math
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile

import nbis

SIMULATOR = "target/release/gatepost-sim"

# NFIQ 2 scores. A failed computation counts as 0: no such print is of use.
CLEAN_MEAN = (70, 90)
CLEAN_SHARE = 0.9
POPULATION = 1000
FIRST_DECILE, LAST_DECILE = 20, 70
LEVELS = (0.25, 0.5, 0.75, 1.0)
PRINTS_A_LEVEL = 20
# What the mean over twenty prints may rise from one level to the next: their own scatter, near the clean end. Far from
# it, where scores are near 0 anyway, a point.
RISE_NEAR_CLEAN, RISE = 3.0, 1.0
NEAR_CLEAN = 60
# Low contrast and small area end where the computation fails.
AXES = {
    "dry": 30,
    "wet": 15,
    "low-contrast": 45,
    "small-area": 40,
    "grain": 20,
    "creases": 25,
    "blur": 20,
    "motion": 20,
    "smudge": 25,
    "latent": 45,
    "broken": 20,
}
# The sensor's, not the finger's: NFIQ 2 hardly minds them, and a bad sensor must not be taken for a good finger.
SENSOR = ("noise", "background")

# Minutiae: this far apart they are the same, in pixels (12 at 500 ppi: a ridge and a half) and degrees.
NEAR, TURNED = 12, 40
# mindtct also finds what edge roughness, pores and creases make; what the pattern has it must find.
RECALL, PRECISION = 0.7, 0.55

FINGERS, IMPRESSIONS = 100, 4
IMPOSTORS = 6000
EQUAL_ERROR = 0.02

_extractors = {}


def extracted(path, scored):
    if scored not in _extractors:
        settings = nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=scored, ppi=500.0
        )
        _extractors[scored] = nbis.new_nbis_extractor(settings)
    with open(path, "rb") as file:
        return _extractors[scored].extract_minutiae(file.read())


def score(path):
    """The NFIQ 2 score, 0 if it cannot be computed."""
    try:
        value = extracted(path, True).quality().score
    except nbis.NbisError:
        return 0
    return value if value <= 100 else 0


def template(path):
    """The minutiae as ISO/IEC 19794-2, which can go to another process."""
    return extracted(path, False).to_iso_19794_2_2005()


def minutiae(path):
    return [(m.x(), m.y(), m.angle()) for m in extracted(path, False).get()]


def render(folder, *options):
    """Pictures and truth of one batch."""
    subprocess.run([SIMULATOR, "render", "prints", "--dir", folder, *map(str, options)], check=True)
    with open(os.path.join(folder, "truth.jsonl"), encoding="utf-8") as lines:
        truths = [json.loads(line) for line in lines]
    numbers = dict(itertools.pairwise(options))
    wanted = numbers["--count"] * numbers.get("--impressions", 1)
    pictures = sum(name.endswith(".png") for name in os.listdir(folder))
    if not pictures == len(truths) == wanted:
        raise RuntimeError(f"{pictures} pictures and the truth about {len(truths)}, not {wanted} of each")
    return [(os.path.join(folder, truth["file"]), truth) for truth in truths]


def check(name, holds, why):
    print(f"PASS {name}: {why}" if holds else f"FAIL {name}: {why}", flush=True)


def scores(pool, prints):
    return pool.map(score, [path for path, _ in prints], chunksize=4)


def clean(pool, place):
    prints = render(os.path.join(place, "clean"), "--count", 100, "--seed", 100)
    found = scores(pool, prints)
    low, high = CLEAN_MEAN
    mean = statistics.mean(found)
    share = sum(low <= value <= high for value in found) / len(found)
    said = f"mean {mean:.1f}, sd {statistics.pstdev(found):.1f}, {min(found)} to {max(found)}, {share:.0%} in {low}..{high}"
    check("prints: clean ones score 70 to 90", low <= mean <= high and share >= CLEAN_SHARE, said)
    wanted = {truth["class"] for _, truth in prints}
    check("prints: every class is among a hundred", len(wanted) == 4, ", ".join(sorted(wanted)))
    return prints


def population(pool, place):
    found = scores(pool, render(os.path.join(place, "population"), "--count", POPULATION, "--seed", 5000, "--population"))
    deciles = [round(value) for value in statistics.quantiles(found, n=10)]
    holds = deciles[0] < FIRST_DECILE and deciles[-1] > LAST_DECILE
    check(f"prints: deciles of {POPULATION} of the population", holds, f"{deciles}, {found.count(0)} cannot be scored")


def axes(pool, place):
    options = ("--count", PRINTS_A_LEVEL, "--seed", 500)
    start = statistics.mean(scores(pool, render(os.path.join(place, "level-0"), *options)))
    for axis, end in AXES.items():
        means = [start]
        for level in LEVELS:
            folder = os.path.join(place, f"{axis}-{level}")
            means.append(statistics.mean(scores(pool, render(folder, *options, f"--{axis}", level))))
        rises = [
            (after - before) <= (RISE_NEAR_CLEAN if before >= NEAR_CLEAN else RISE)
            for before, after in itertools.pairwise(means)
        ]
        said = " ".join(f"{mean:.0f}" for mean in means)
        check(f"prints: {axis} lowers the score", all(rises) and means[-1] <= end, f"{said}, at most {end} in the end")
    for axis in SENSOR:
        folders = [os.path.join(place, f"{axis}-{level}") for level in LEVELS]
        rendered = [render(folder, *options, f"--{axis}", level) for folder, level in zip(folders, LEVELS)]
        means = [statistics.mean(scores(pool, prints)) for prints in rendered]
        said = " ".join(f"{mean:.0f}" for mean in [start, *means])
        said += f", none {RISE_NEAR_CLEAN:.0f} above the clean one"
        check(f"prints: {axis} does not raise the score", max(means) <= start + RISE_NEAR_CLEAN, said)


def angle_between(one, other):
    away = abs(one - other) % 360
    return min(away, 360 - away)


def pairs(found, wanted):
    """Minutiae that are the same, each used once, nearest first."""
    near = []
    for (i, f), (j, w) in itertools.product(enumerate(found), enumerate(wanted)):
        apart = math.hypot(f[0] - w[0], f[1] - w[1])
        if apart <= NEAR and angle_between(f[2], w[2]) <= TURNED:
            near.append((apart, i, j))
    taken, met = (set(), set()), 0
    for _, i, j in sorted(near):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            met += 1
    return met


def well_inside(truth, x, y):
    """At the border of the contact mindtct finds where ridges are cut off, and the truth promises nothing."""
    contact = truth["contact"]
    turn = math.radians(contact["angle"])
    dx, dy = x - contact["x"], y - contact["y"]
    across = (dx * math.cos(turn) + dy * math.sin(turn)) / (contact["width"] / 2)
    down = (dy * math.cos(turn) - dx * math.sin(turn)) / (contact["height"] / 2)
    return abs(across) ** 2.5 + abs(down) ** 2.5 < 0.8**2.5


def ground_truth(pool, prints):
    met_found = met_wanted = all_found = all_wanted = 0
    for (_, truth), everything in zip(prints, pool.map(minutiae, [path for path, _ in prints])):
        promised = [(m["x"], m["y"], m["angle"]) for m in truth["minutiae"]]
        # What lies inside must have its like anywhere, so that the limit itself parts no pair.
        found = [m for m in everything if well_inside(truth, m[0], m[1])]
        wanted = [m for m in promised if well_inside(truth, m[0], m[1])]
        met_found += pairs(found, promised)
        met_wanted += pairs(everything, wanted)
        all_found += len(found)
        all_wanted += len(wanted)
    recall, precision = met_wanted / all_wanted, met_found / all_found
    said = f"recall {recall:.2f} of {all_wanted}, precision {precision:.2f} of {all_found}, within {NEAR} pixels"
    check("prints: mindtct finds the promised minutiae", recall >= RECALL and precision >= PRECISION, said)


_templates = []


def keep(templates):
    """Every worker gets the templates once."""
    extractor = nbis.new_nbis_extractor(
        nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=False, ppi=500.0
        )
    )
    _templates.extend(extractor.load_iso_19794_2_2005(template) for template in templates)


def compare(pair):
    return _templates[pair[0]].compare(_templates[pair[1]])


def equal_error_rate(genuine, impostors):
    """Where as many genuine pairs are refused as impostors are taken, as the mean of both."""
    rates = []
    for limit in sorted({*genuine, *impostors}):
        refused = sum(value < limit for value in genuine) / len(genuine)
        taken = sum(value >= limit for value in impostors) / len(impostors)
        rates.append((abs(refused - taken), (refused + taken) / 2))
    return min(rates)[1]


def matching(pool, place):
    options = ("--count", FINGERS, "--impressions", IMPRESSIONS, "--seed", 20_000)
    prints = render(os.path.join(place, "matching"), *options)
    templates = pool.map(template, [path for path, _ in prints], chunksize=4)
    people = [truth["person"] for _, truth in prints]
    every = list(itertools.combinations(range(len(prints)), 2))
    genuine = [pair for pair in every if people[pair[0]] == people[pair[1]]]
    others = [pair for pair in every if people[pair[0]] != people[pair[1]]]
    impostors = random.Random(1).sample(others, IMPOSTORS)
    with multiprocessing.Pool(initializer=keep, initargs=(templates,)) as matchers:
        same = matchers.map(compare, genuine, chunksize=20)
        different = matchers.map(compare, impostors, chunksize=100)
    rate = equal_error_rate(same, different)
    said = f"{rate:.2%} over {len(genuine)} genuine and {len(impostors)} impostor pairs"
    said += f"; genuine median {statistics.median(same):.0f}, impostors at most {max(different)}"
    check("prints: bozorth3 tells fingers apart, equal error rate", rate <= EQUAL_ERROR, said)


def main():
    if not os.path.exists(SIMULATOR):
        print(f"SKIPPED prints: {SIMULATOR} is not built")
        return
    with tempfile.TemporaryDirectory() as place, multiprocessing.Pool() as pool:
        prints = clean(pool, place)
        ground_truth(pool, prints[:40])
        matching(pool, place)
        axes(pool, place)
        population(pool, place)


if __name__ == "__main__":
    sys.exit(main())
