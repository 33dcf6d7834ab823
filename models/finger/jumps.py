"""How far the oracle agrees with itself: the same print twice, the second time with noise that nobody sees.

    python jumps.py SIMULATOR COUNT [NOISE]

Takes COUNT numbers of the test. NOISE is the standard deviation in grey levels (.4 unless told: one pixel in five changes,
by one level). What it prints is a bound for any score that follows the print and not its noise.
"""

import io
import sys
import tempfile

import numpy
from PIL import Image

import oracle
import recipe

LIMITS = (10, 20, 30)


def score(grey):
    """The oracle's, or None."""
    memory = io.BytesIO()
    Image.fromarray(grey).save(memory, "PNG", compress_level=1)
    judged = oracle.judged(memory.getvalue())
    return judged and judged[0]


def main(simulator, count, noise=0.4):
    pairs = []
    with tempfile.TemporaryDirectory() as place:
        for number in range(recipe.TEST, recipe.TEST + count):
            grey = recipe.picture(recipe.drawn(number), simulator, place)
            added = recipe.generator(number).normal(0.0, noise, grey.shape)
            noisy = numpy.clip(numpy.rint(grey + added), 0, 255).astype(numpy.uint8)
            pairs.append((score(grey), score(noisy)))
    both = numpy.array([pair for pair in pairs if None not in pair])
    off = numpy.abs(both[:, 0] - both[:, 1])
    agree = " ".join(f"{((both[:, 0] >= limit) == (both[:, 1] >= limit)).mean():.3f}" for limit in LIMITS)
    print(f"{len(both)} prints: mean difference {off.mean():.2f}, p95 {numpy.percentile(off, 95):.0f}, agree at 10/20/30 {agree}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *map(float, sys.argv[3:]))
