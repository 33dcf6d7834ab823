"""Our reading of random forests beside OpenCV's: forests that OpenCV trains on our values of simulated prints, of the
form in which NIST's is (which cannot be had here), must give the same votes in both.
"""

import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy

SIMULATOR, QUALITY = "target/release/gatepost-sim", "target/release/gatepost-quality"
COUNT = 300
# Trees, depth, least samples of a node.
FORESTS = ((100, 25, 2), (37, 6, 5), (1, 1, 2))


def values(paths, *options):
    command = [QUALITY, "finger", "--json", *options, *paths]
    return [json.loads(line) for line in subprocess.run(command, check=True, capture_output=True).stdout.splitlines()]


def trained(features, labels, trees, depth, least, seed):
    forest = cv2.ml.RTrees_create()
    forest.setMaxDepth(depth)
    forest.setMinSampleCount(least)
    forest.setActiveVarCount(8)
    forest.setTermCriteria((cv2.TERM_CRITERIA_MAX_ITER, trees, 0))
    cv2.setRNGSeed(seed)
    forest.train(features, cv2.ml.ROW_SAMPLE, labels)
    return forest


def compared(paths, place):
    lines = values(paths)
    names = max((line["measures"] for line in lines), key=len)
    if len(names) != 69:
        print(f"SKIPPED forest: only {len(names)} of 69 values are measured")
        return
    whole = [(path, line) for path, line in zip(paths, lines) if len(line["measures"]) == 69]
    features = numpy.array([[line["measures"][name] for name in names] for _, line in whole], dtype=numpy.float32)
    # Any question will do; this one is not easy and has both answers.
    mean = list(names).index("OCL_Bin10_Mean")
    noise = numpy.random.default_rng(1).normal(0, features[:, mean].std() / 2, len(whole))
    asked = features[:, mean] + noise
    labels = (asked > numpy.median(asked)).astype(numpy.int32)
    for trees, depth, least in FORESTS:
        forest = trained(features, labels, trees, depth, least, trees)
        path = os.path.join(place, f"{trees}.yaml")
        forest.save(path)
        # The first row names the classes.
        votes = forest.getVotes(features, 0)
        second = list(votes[0]).index(1)
        theirs = [int(numpy.floor(numpy.float32(100 * row[second] / row.sum()) + 0.5)) for row in votes[1:].astype(int)]
        ours = [line["score"].get("value") for line in values([path_ for path_, _ in whole], "--forest-any", path)]
        wrong = sum(our != their for our, their in zip(ours, theirs))
        said = f"{wrong} of {len(whole)} differ, votes from {min(theirs)} to {max(theirs)}"
        holds = wrong == 0 and len(ours) == len(theirs) and len(set(theirs)) > 1
        print(f"{'PASS' if holds else 'FAIL'} forest: {trees} trees of depth {depth} vote as in OpenCV: {said}")


def refused(paths, place):
    path = os.path.join(place, "other.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("%YAML:1.0\n---\nmy_random_trees:\n   ntrees: 1\n")
    run = subprocess.run([QUALITY, "finger", "--forest", path, paths[0]], capture_output=True, text=True)
    holds = run.returncode != 0 and "MD5" in run.stderr
    print(f"{'PASS' if holds else 'FAIL'} forest: another file than NIST's is refused: {run.stderr.strip()}")


def main():
    if not (os.path.exists(SIMULATOR) and os.path.exists(QUALITY)):
        print(f"SKIPPED forest: {SIMULATOR} or {QUALITY} is not built")
        return
    with tempfile.TemporaryDirectory() as place:
        options = ("--dir", place, "--count", str(COUNT), "--seed", "40000", "--population")
        subprocess.run([SIMULATOR, "render", "prints", *options], check=True)
        paths = sorted(os.path.join(place, name) for name in os.listdir(place) if name.endswith(".png"))
        compared(paths, place)
        refused(paths, place)


if __name__ == "__main__":
    sys.exit(main())
