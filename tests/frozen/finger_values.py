"""Makes finger_values.tsv: the native values that NFIQ 2 itself (through nbis-py) gives for simulated prints.

Run by hand in an environment with tests/judge/prints.txt, after `cargo build --release`, never by a test:

    python tests/frozen/finger_values.py target/release/gatepost-sim > tests/frozen/finger_values.tsv

A line is: person, finger, touch, width, height, defects (name=level, by commas) and the 65 values that need no
minutiae, in the order of NFIQ 2's forest. Prints whose score the reference cannot compute are left out: it tells no
value of theirs. The lines are the expected values of tests/tests/finger_values.rs.
"""

import os
import random
import subprocess
import sys
import tempfile

import nbis

PRINTS, TOUCHES = 240, 20
SIZES = [(400, 500), (500, 500), (300, 300), (256, 360), (416, 560), (192, 192), (388, 374), (260, 300), (640, 480), (197, 233)]
LARGEST = (752, 960)
DEFECTS = ["dry", "wet", "low-contrast", "small-area", "grain", "creases", "blur", "motion", "smudge", "latent", "broken",
           "background", "noise"]


def prints():
    """Persons share their masters, which take longest to draw."""
    draw = random.Random(4)
    for number in range(PRINTS):
        person = 9000 + number // TOUCHES
        size = LARGEST if number % 48 == 47 else SIZES[number % len(SIZES)]
        chosen = draw.sample(DEFECTS, draw.choice([0, 1, 1, 1, 2, 2, 3]))
        levels = [(name, round(draw.uniform(0.1, 0.9), 2)) for name in sorted(chosen)]
        yield person, person % 10 + 1, 100 + number, size, levels


def main():
    settings = nbis.NbisExtractorSettings(
        min_quality=0.0, get_center=False, check_fingerprint=False, compute_nfiq2=True, ppi=500.0
    )
    extractor = nbis.new_nbis_extractor(settings)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "print.png")
        for person, finger, touch, (width, height), levels in prints():
            command = [sys.argv[1], "render", "print", "--seed", person, "--finger", finger, "--touch", touch]
            command += ["--width", width, "--height", height, "--out", path]
            for name, level in levels:
                command += [f"--{name}", level]
            subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
            with open(path, "rb") as file:
                picture = file.read()
            try:
                found = extractor.extract_minutiae(picture).quality().features
            except nbis.NbisError:
                continue
            # Minutiae are another extractor's.
            values = [value.value for value in found if not value.name.startswith(("FingerJetFX", "FJFX"))]
            defects = ",".join(f"{name}={level}" for name, level in levels) or "-"
            print(person, finger, touch, width, height, defects, *(f"{value:.9g}" for value in values), sep="\t")


if __name__ == "__main__":
    main()
