"""Our native values of fingerprints, held against NIST's own: NFIQ 2's published samples, and NFIQ 2 itself (through
nbis-py) on prints and pictures that were never seen before.

Samples: the five images SFinGe_Test01.pgm to 05 and their SFinGe_Test01_output.txt, as NFIQ 2 ships them, in the folder
that GATEPOST_NFIQ2_SAMPLES names. Without them that part is skipped.

Values are equal within 1e-4 relative. Where the reference gives no score, a module of it failed; then either a group of
ours is missing too, or what it lacks is minutiae, which are not judged here.
"""

import glob
import json
import os
import random
import subprocess
import sys
import tempfile
import time

import nbis
from PIL import Image

SIMULATOR = "target/release/gatepost-sim"
QUALITY = "target/release/gatepost-quality"
SAMPLES = os.environ.get("GATEPOST_NFIQ2_SAMPLES")
TOLERANCE = 1e-4
# Values of another extractor's minutiae.
MINUTIAE = ("FingerJetFX", "FJFX")
COUNT = 65
# (width, height, how many, first person)
PRINTS = [(400, 500, 60, 31_000), (500, 500, 60, 32_000), (300, 300, 40, 33_000), (416, 560, 30, 34_000),
          (192, 192, 30, 35_000), (196, 196, 20, 36_000), (756, 960, 10, 37_000)]
PICTURES = 96


def check(name, problems, said):
    print(f"PASS nfiq2: {name}: {said}" if not problems else f"FAIL nfiq2: {name}: {'; '.join(problems)[:600]}", flush=True)


def ours(paths):
    """What our program finds, by file."""
    found = {}
    for start in range(0, len(paths), 200):
        answer = subprocess.run([QUALITY, "finger", "--json", *paths[start : start + 200]], check=True, capture_output=True)
        found.update((line["file"], line) for line in map(json.loads, answer.stdout.splitlines()))
    return found


def oracle():
    """Answers every path with the 65 values and the feedback, or with null where there is no score. A process of its
    own: there are pictures that end it."""
    settings = nbis.NbisExtractorSettings(
        min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=True, ppi=500.0
    )
    extractor = nbis.new_nbis_extractor(settings)
    for path in sys.stdin:
        try:
            with open(path.strip(), "rb") as file:
                quality = extractor.extract_minutiae(file.read()).quality()
        except nbis.NbisError:
            print("null", flush=True)
            continue
        values = {value.name: value.value for value in quality.features if not value.name.startswith(MINUTIAE)}
        feedback = {value.name: value.value for value in quality.actionable if value.name != "FingerprintImageWithMinutiae"}
        print(json.dumps({**values, **feedback}), flush=True)


class Oracle:
    """The process above, started anew where a picture ended it."""

    def __init__(self):
        self.running = None

    def values(self, path):
        if self.running is None:
            command = [sys.executable, __file__, "--oracle"]
            self.running = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.running.stdin.write(path + "\n")
            self.running.stdin.flush()
            answer = self.running.stdout.readline()
        except BrokenPipeError:
            answer = ""
        while answer and answer[0] not in "{n":
            # The library says what it dislikes on the same stream.
            answer = self.running.stdout.readline()
        if not answer:
            self.running.wait()
            self.running = None
            return None
        return json.loads(answer)

    def close(self):
        if self.running is not None:
            self.running.stdin.close()
            self.running.wait()


def measure(paths, rounds=12):
    """How long NFIQ 2 takes, in time of the processor: extraction with it less extraction without, so that reading the
    picture and NBIS's own minutiae are left out. Samples as `gatepost-quality measure` prints them."""
    settings = [
        nbis.NbisExtractorSettings(
            min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=scored, ppi=500.0
        )
        for scored in (False, True)
    ]
    without, scored = map(nbis.new_nbis_extractor, settings)
    for path in paths:
        with open(path, "rb") as file:
            picture = file.read()
        for _ in range(rounds):
            began = time.process_time()
            without.extract_minutiae(picture)
            between = time.process_time()
            scored.extract_minutiae(picture)
            took = (time.process_time() - between) - (between - began)
            print(json.dumps({"name": "nfiq2", "value": took * 1000, "unit": "ms"}))


def differences(name, line, expected, tolerance=TOLERANCE):
    have = {**line.get("measures", {}), **line.get("feedback", {})}
    for identifier, value in expected.items():
        got = have.get(identifier)
        if got is None or abs(got - value) > tolerance * abs(value):
            yield f"{name}: {identifier} is {got}, not {value}"


def samples():
    if not SAMPLES:
        print("SKIPPED nfiq2: NIST's samples: set GATEPOST_NFIQ2_SAMPLES to the folder of SFinGe_Test01.pgm and the others")
        return
    paths = sorted(glob.glob(os.path.join(SAMPLES, "SFinGe_Test0[1-5].pgm")))
    found, problems = ours(paths) if paths else {}, []
    for path in paths:
        with open(path.removesuffix(".pgm") + "_output.txt", encoding="utf-8") as lines:
            said = dict(line.split(": ") for line in lines if ": " in line)
        own = ("UnifiedQualityScore", "FingerprintImageWithMinutiae")
        expected = {key: float(value) for key, value in said.items() if not key.startswith(MINUTIAE) and key not in own}
        # Six digits are published.
        problems += differences(os.path.basename(path), found[path], expected)
        if len(expected) != COUNT + 3:
            problems.append(f"{len(expected)} values are published of {path}")
    if len(paths) != 5:
        problems.append(f"{len(paths)} samples in {SAMPLES}")
    check("NIST's published samples", problems, f"{len(paths)} prints, {COUNT} values and the feedback equal")


def compared(outside, name, paths, least):
    """Holds our values against the oracle's; `least` is how many of them it must have values of."""
    found, problems, both, neither, minutiae = ours(paths), [], 0, 0, 0
    for path in paths:
        expected, line = outside.values(path), found[path]
        whole = len([key for key in line.get("measures", {}) if not key.startswith(MINUTIAE)]) == COUNT
        if expected is not None:
            both += 1
            problems += differences(os.path.basename(path), line, expected)
        elif whole:
            # The reference's minutiae extractor gave up; its other modules are not told then.
            minutiae += 1
        else:
            neither += 1
    if both < least:
        problems.append(f"only {both} of {len(paths)} have values to be compared")
    said = f"{both} equal, {neither} refused by both, {minutiae} without minutiae for the reference"
    check(name, problems, said)


def fresh_prints(outside, place):
    paths = []
    for width, height, count, seed in PRINTS:
        folder = os.path.join(place, f"{width}x{height}")
        command = [SIMULATOR, "render", "prints", "--population", "--dir", folder, "--count", count, "--seed", seed]
        subprocess.run([*map(str, command), "--width", str(width), "--height", str(height)], check=True)
        paths += sorted(glob.glob(os.path.join(folder, "*.png")))
    compared(outside, f"{len(paths)} fresh prints, good and bad", paths, 200)
    return paths


def read(path):
    """Width, height and grey values."""
    with Image.open(path) as picture:
        grey = picture.convert("L")
        return grey.width, grey.height, grey.tobytes()


def save(path, width, height, grey):
    Image.frombytes("L", (width, height), grey).save(path)


def spoilt(draw, kind, width, height, grey):
    """A print cut, dark, pale, rough, of few levels, turned about, or inverted."""
    if kind == 0:
        left, top = draw.randrange(width // 2), draw.randrange(height // 2)
        right, bottom = draw.randrange(left + 40, width + 1), draw.randrange(top + 40, height + 1)
        rows = [grey[y * width + left : y * width + right] for y in range(top, bottom)]
        return right - left, bottom - top, b"".join(rows)
    change = {
        1: lambda share: (lambda g: int(g * share)),
        2: lambda share: (lambda g: 255 - int((255 - g) * share / 2)),
        3: lambda share: (lambda g: max(0, min(255, g + draw.randrange(-60, 61)))),
        4: lambda share: (lambda g: g // 64 * 63),
        5: lambda share: (lambda g: 255 - g),
    }[kind](draw.uniform(0.1, 0.9))
    if kind == 3:
        return width, height, bytes(map(change, grey))
    return width, height, grey.translate(bytes(map(change, range(256))))


def made(draw, kind):
    """A picture that is no print: noise of all levels or of twelve, soft spots, waves, lines, one grey."""
    width, height = draw.randrange(1, 501), draw.randrange(1, 501)
    if kind == 0:
        return width, height, draw.randbytes(width * height)
    if kind == 1:
        return width, height, bytes(draw.randrange(12) * 23 for _ in range(width * height))
    if kind == 5:
        return width, height, bytes([draw.randrange(251)]) * (width * height)
    spots = [(draw.randrange(width), draw.randrange(height), draw.uniform(20, 120), draw.uniform(-90, 90)) for _ in range(9)]
    across, down = draw.uniform(-0.3, 0.3), draw.uniform(-0.3, 0.3)

    def grey(x, y):
        if kind == 2:
            value = 128 + sum(rise / (1 + ((x - cx) ** 2 + (y - cy) ** 2) / size**2) for cx, cy, size, rise in spots)
        elif kind == 3:
            value = 128 if int((x * across + y * down) * 4) % 2 else 30 + (x * y) % 7
        else:
            # Lines. Not quite clean ones: of those every wave is equally strong, and the last bit of the transform's
            # rounding decides which one is taken, in the reference and in ours.
            value = (40 if y % 32 == spots[x // 32 % 9][0] % 27 + 3 else 200) + (x * 31 + y * 17) % 23
        return max(0, min(255, int(value)))

    return width, height, bytes(grey(x, y) for y in range(height) for x in range(width))


def odd_pictures(outside, place, prints):
    draw = random.Random(8)
    folder = os.path.join(place, "odd")
    os.mkdir(folder)
    paths = []
    for number in range(PICTURES):
        if number % 2:
            picture = spoilt(draw, number // 2 % 6, *read(draw.choice(prints)))
        else:
            picture = made(draw, number // 2 % 6)
        paths.append(os.path.join(folder, f"{number:03}.png"))
        save(paths[-1], *picture)
    compared(outside, f"{PICTURES} spoilt prints and pictures that are none", paths, 30)


def main():
    if not os.path.exists(SIMULATOR) or not os.path.exists(QUALITY):
        print(f"SKIPPED nfiq2: {SIMULATOR} or {QUALITY} is not built")
        return
    samples()
    outside = Oracle()
    with tempfile.TemporaryDirectory() as place:
        prints = fresh_prints(outside, place)
        odd_pictures(outside, place, prints)
    outside.close()


if __name__ == "__main__":
    if "--oracle" in sys.argv:
        oracle()
    elif "--measure" in sys.argv:
        measure(sys.argv[2:])
    else:
        main()
