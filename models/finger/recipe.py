"""The prints that GFQ learns from and is judged on: a number gives a finger, its defects, a sensor and what the sensor
does to the picture; `gatepost-sim render print` draws the finger, the sensor's part is done here.

There are three kinds. WILD ones come from any sensor with any ground, TIDY ones show a finger on a clean ground, as whole
slaps cut into fingers and most optical scanners do, and more of them are good. STATION ones are what the simulator's own
scanners send of its own population. SMOOTH ones have ridges with even edges, as generators of prints draw them: NFIQ 2
marks what is too clean down.

The same number gives the same picture with the versions of requirements.txt. Numbers of training start at WILD, TIDY,
STATION and SMOOTH, those of the test at TEST (two of STATION, a tidy one, a wild one, and so on): other persons, other draws.
"""

import io
import math
import os
import subprocess

import numpy
from PIL import Image, ImageFilter

WILD = 1_000_000
TIDY = 2_000_000
STATION = 3_000_000
SMOOTH = 4_000_000
TEST = 9_000_000

# Levels at which one defect alone brings the real score near 5; what lies beyond mostly cannot be computed.
AXES = {
    "dry": 1.0,
    "wet": 0.75,
    "low-contrast": 0.97,
    "small-area": 1.0,
    "grain": 0.8,
    "creases": 0.95,
    "blur": 0.85,
    "motion": 0.8,
    "smudge": 0.9,
    "latent": 0.8,
    "broken": 0.75,
}

# Kinds of sensors: how often, and their pictures' sizes.
SENSORS = {
    "plain": (0.14, [(400, 500), (360, 450), (500, 500)]),
    "optical": (
        0.34,
        [(388, 374), (640, 480), (448, 478), (328, 364), (300, 300), (296, 560), (500, 500), (416, 560), (800, 750)],
    ),
    "capacitive": (0.22, [(300, 300), (256, 364), (256, 360), (256, 288), (208, 288), (192, 192), (300, 400)]),
    "sweep": (0.12, [(300, 480), (280, 440), (256, 400)]),
    "ink": (0.10, [(500, 500), (800, 750), (400, 500), (512, 512)]),
    "drawn": (0.08, [(288, 384), (240, 320), (416, 560)]),
}
TIDY_SENSORS = {
    "slap": (0.45, [(300, 360), (330, 400), (280, 340), (360, 420), (260, 330), (400, 480), (240, 300)]),
    "optical": (0.25, [(388, 374), (448, 478), (328, 364), (300, 300), (500, 500), (640, 480)]),
    "capacitive": (0.12, [(300, 300), (256, 360), (208, 288), (192, 192)]),
    "ink": (0.10, [(500, 500), (400, 500)]),
    "sweep": (0.08, [(300, 480), (256, 400)]),
}


# Sizes of the simulator's scanners at 500 pixels per inch, and of fingers cut out of its slaps; bits of a pixel.
SMOOTH_SIZES = [(416, 560), (288, 384), (388, 374), (400, 500), (500, 500), (240, 320)]
STATION_SENSORS = [
    (0.40, 400, 500, 8),
    (0.16, 360, 450, 8),
    (0.14, 300, 400, 8),
    (0.12, 256, 360, 8),
    (0.10, 189, 189, 4),
    (0.08, 500, 500, 8),
]


def kind(number):
    """Which kind a number is of."""
    if number >= TEST:
        return ("station", "station", "tidy", "wild")[number % 4]
    return "smooth" if number >= SMOOTH else "station" if number >= STATION else "tidy" if number >= TIDY else "wild"


def generator(number):
    return numpy.random.Generator(numpy.random.PCG64(number))


def drawn(number):
    """Everything about one print but its pixels: sensor, what the simulator is told, what is done afterwards."""
    if kind(number) == "station":
        return drawn_by_station(number)
    if kind(number) == "smooth":
        return drawn_smoothly(number)
    rng = generator(number)
    tidy = kind(number) == "tidy"
    sensors = TIDY_SENSORS if tidy else SENSORS
    names = list(sensors)
    sensor = names[rng.choice(len(names), p=[sensors[name][0] for name in names])]
    sizes = sensors[sensor][1]
    width, height = sizes[rng.integers(len(sizes))]
    options = {"seed": number, "finger": int(number % 10) + 1, "touch": number, "width": width, "height": height}
    # How far the sensor is from the everyday one.
    harsh = rng.random()
    options |= placed(rng)
    options |= skin(rng, sensor, harsh)
    levels = defects(rng, [0.34, 0.38, 0.20, 0.08] if tidy else [0.24, 0.38, 0.26, 0.12])
    steps = after(rng, sensor, harsh)
    if tidy:
        options["background"] = 0
        options["ground-grey"] = round(max(options["ground-grey"], -30.0), 3)
        whitened(steps, rng)
    return {"number": number, "sensor": sensor, "options": options | levels, "levels": levels, "after": steps}


def drawn_by_station(number):
    place = generator(number).choice(len(STATION_SENSORS), p=[share for share, *_ in STATION_SENSORS])
    _, width, height, bits_ = STATION_SENSORS[place]
    options = {"seed": number, "finger": int(number % 10) + 1, "touch": number, "width": width, "height": height, "bits": bits_}
    return {"number": number, "sensor": f"station-{width}", "options": options, "levels": {}, "after": []}


def drawn_smoothly(number):
    rng = generator(number)
    width, height = SMOOTH_SIZES[rng.integers(len(SMOOTH_SIZES))]
    options = {"seed": number, "finger": int(number % 10) + 1, "touch": number, "width": width, "height": height}
    options |= placed(rng)
    look = {
        "rough": 0.6 * rng.random(),
        "speckle": 0.9 * rng.random(),
        "thin": rng.uniform(-0.5, 0.25),
        "steep": rng.uniform(0.5, 1.6),
        "ridge-grey": rng.uniform(-45, 55),
        "bend": rng.uniform(0.3, 3.0),
        "lens": rng.uniform(0.4, 1.6),
    }
    options |= {name: round(float(value), 3) for name, value in look.items()}
    levels = defects(rng, [0.6, 0.25, 0.1, 0.05])
    steps = after(rng, "drawn", 0.3 * rng.random())
    return {"number": number, "sensor": "smooth", "options": options | levels, "levels": levels, "after": steps}


def placed(rng):
    """Where the finger lies, and how large its ridges are in the picture (period times .85 to 1.22)."""
    far = 5.0 if rng.random() < 0.15 else 1.2
    turned = rng.uniform(-45, 45) if rng.random() < 0.2 else rng.normal(0, 9)
    ppi = 500 * rng.uniform(0.86, 1.22) if rng.random() < 0.7 else 500
    return {
        "rotation": round(turned, 2),
        "x": round(rng.normal(0, far), 2),
        "y": round(rng.normal(0, far), 2),
        "ppi": round(ppi, 1),
        "distortion": round(rng.uniform(0, 0.7), 3),
        "scars": round(rng.uniform(0.1, 0.9), 3) if rng.random() < 0.12 else 0,
    }


def skin(rng, sensor, harsh):
    """The look of ridges and ground."""
    hard = sensor in ("capacitive", "ink")
    dark_ground = rng.random() < harsh * (0.6 if sensor in ("optical", "sweep", "ink") else 0.25)

    def times(least, most):
        return math.exp(rng.uniform(math.log(least), math.log(most)) * (0.3 + 0.7 * harsh))

    look = {
        "thin": rng.uniform(-0.35, 0.5) * (0.3 + 0.7 * harsh),
        "rough": times(0.5, 2.0),
        "steep": times(0.5, 1.6) * (1.3 if hard else 1.0),
        "ridge-grey": rng.uniform(-45, 55) * (0.3 + 0.7 * harsh),
        "ground-grey": rng.uniform(-90, -15) if dark_ground else rng.uniform(-22, 6),
        "speckle": times(0.3, 1.7),
        "bend": times(0.4, 4.0),
        "lens": times(0.4, 1.8),
        "background": rng.uniform(0.05, 0.6) if rng.random() < 0.3 * harsh else 0,
        "noise": rng.uniform(0.02, 0.4) * harsh if rng.random() < 0.4 else 0,
    }
    return {name: round(float(value), 3) for name, value in look.items()}


def defects(rng, shares):
    """None to three, dense where the limits lie."""
    count = rng.choice(4, p=shares)
    chosen = rng.choice(len(AXES), size=count, replace=False)
    levels = {}
    for index in chosen:
        axis = list(AXES)[index]
        levels[axis] = round(float(AXES[axis] * rng.random() ** 0.8 / math.sqrt(count) ** 0.8), 3)
    return levels


def after(rng, sensor, harsh):
    """Steps after the simulator, in their order: name and numbers."""
    steps = []

    def sometimes(chance, name, *numbers):
        if rng.random() < chance * (0.4 + 0.9 * harsh):
            steps.append((name, *(round(float(number), 3) for number in numbers)))

    if sensor == "plain":
        return steps
    if sensor == "sweep":
        steps.append(("strips", int(rng.integers(6, 20)), round(9 * harsh * rng.random(), 2), round(1.6 * harsh * rng.random(), 2)))
        sometimes(0.5, "stretch", rng.uniform(0.88, 1.14))
    sometimes(0.3, "zoom", rng.uniform(0.87, 1.18))
    sometimes(0.35, "light", 5 + 45 * harsh * rng.random(), rng.uniform(60, 180))
    sometimes(0.25, "vignette", rng.uniform(0.05, 0.45))
    if sensor in ("capacitive", "sweep"):
        sometimes(0.6, "columns", 1 + 7 * harsh * rng.random())
        sometimes(0.6, "mottle", 3 + 17 * harsh * rng.random(), rng.uniform(0.6, 2.4))
        sometimes(0.35, "clip", rng.uniform(0, 70), rng.uniform(170, 255))
    if sensor == "ink":
        sometimes(0.7, "mottle", 3 + 10 * harsh * rng.random(), rng.uniform(0.5, 1.5))
        sometimes(0.4, "clip", rng.uniform(0, 60), rng.uniform(190, 255))
    sometimes(0.25, "sharpen", rng.uniform(0.7, 2.0), rng.uniform(30, 160))
    sometimes(0.5, "gamma", rng.uniform(0.55, 1.7))
    sometimes(0.5, "range", rng.uniform(0, 80), rng.uniform(165, 255))
    sometimes(0.18, "crop", rng.uniform(0.5, 1), rng.uniform(0.5, 1), rng.random(), rng.random())
    sometimes(0.15, "margin", rng.uniform(0, 0.5), rng.uniform(0, 0.5), rng.choice([255, 255, 250, 235]))
    sometimes(0.25, "jpeg", rng.integers(35, 96))
    sometimes(0.18, "wavelet", rng.uniform(8, 22))
    sometimes(0.18, "bits", rng.integers(3, 7))
    return steps


def whitened(steps, rng):
    """The ground is made white before the picture is stored, or as the last step."""
    if rng.random() < 0.85:
        stored_at = [place for place, (name, *_) in enumerate(steps) if name in ("margin", "jpeg", "wavelet", "bits")]
        place = stored_at[0] if stored_at else len(steps)
        # What the range step has lowered is no longer near white.
        light_end = min([numbers[1] for name, *numbers in steps if name == "range"], default=255)
        steps.insert(place, ("clip", 0, round(light_end * rng.uniform(0.78, 0.96), 3)))


def picture(print_, simulator, place):
    """The picture: a two-dimensional array of bytes, ridges dark, to be taken as 500 ppi."""
    out = os.path.join(place, f"{os.getpid()}.png")
    options = [str(part) for name, value in print_["options"].items() for part in (f"--{name}", value)]
    if kind(print_["number"]) == "station":
        options.append("--population")
    subprocess.run([simulator, "render", "print", "--out", out, *options], check=True)
    with Image.open(out) as image:
        grey = numpy.asarray(image.convert("L")).astype(numpy.float32)
    os.remove(out)
    rng = generator(print_["number"] + (1 << 40))
    for name, *numbers in print_["after"]:
        grey = STEPS[name](grey, rng, *numbers)
    # Larger pictures are not scored.
    top, left = (max(0, (side - most) // 2) for side, most in zip(grey.shape, (1000, 800)))
    grey = grey[top : top + 1000, left : left + 800]
    return numpy.clip(numpy.rint(grey), 0, 255).astype(numpy.uint8)


def as_image(grey):
    return Image.fromarray(numpy.clip(numpy.rint(grey), 0, 255).astype(numpy.uint8))


def as_grey(image):
    return numpy.asarray(image).astype(numpy.float32)


def field(shape, rng, sigma):
    """Smooth noise of about that many pixels, standard deviation 1."""
    rows, columns = (max(4, math.ceil(side / sigma) + 3) for side in shape)
    small = Image.fromarray(rng.standard_normal((rows, columns)).astype(numpy.float32), mode="F")
    smooth = numpy.asarray(small.resize((shape[1], shape[0]), Image.Resampling.BICUBIC))
    return smooth / max(float(smooth.std()), 1e-6)


def strips(grey, rng, height, step, shift):
    """A sweep sensor puts its picture together of strips, each a little off and of another brightness."""
    made = grey.copy()
    x, offset = 0.0, 0.0
    for top in range(0, grey.shape[0], height):
        offset = 0.7 * offset + rng.normal(0, step)
        x = 0.8 * x + rng.normal(0, shift)
        made[top : top + height] = numpy.roll(grey[top : top + height], round(x), axis=1) + offset
    return made


def stretch(grey, rng, times):
    rows, columns = grey.shape
    return as_grey(as_image(grey).resize((columns, round(rows * times)), Image.Resampling.BICUBIC))


def zoom(grey, rng, times):
    rows, columns = grey.shape
    return as_grey(as_image(grey).resize((round(columns * times), round(rows * times)), Image.Resampling.BILINEAR))


def light(grey, rng, strength, width):
    return grey - strength * numpy.maximum(field(grey.shape, rng, width), -0.2)


def vignette(grey, rng, depth):
    down, across = numpy.ogrid[-1 : 1 : grey.shape[0] * 1j, -1 : 1 : grey.shape[1] * 1j]
    return grey * (1 - depth * (down**2 + across**2) / 2).astype(numpy.float32)


def columns(grey, rng, strength):
    made = grey + rng.normal(0, strength, grey.shape[1]).astype(numpy.float32)
    return made + rng.normal(0, strength / 2, (grey.shape[0], 1)).astype(numpy.float32)


def mottle(grey, rng, strength, width):
    return grey + strength * field(grey.shape, rng, width)


def clip(grey, rng, low, high):
    return (numpy.clip(grey, low, high) - low) * (255 / (high - low))


def sharpen(grey, rng, radius, percent):
    return as_grey(as_image(grey).filter(ImageFilter.UnsharpMask(radius, round(percent), 0)))


def gamma(grey, rng, power):
    return 255 * (numpy.clip(grey, 0, 255) / 255) ** power


def range_(grey, rng, low, high):
    return low + numpy.clip(grey, 0, 255) * ((high - low) / 255)


def crop(grey, rng, down, across, top, left):
    rows, columns = (max(160, round(side * share)) for side, share in zip(grey.shape, (down, across)))
    rows, columns = min(rows, grey.shape[0]), min(columns, grey.shape[1])
    y, x = round((grey.shape[0] - rows) * top), round((grey.shape[1] - columns) * left)
    return grey[y : y + rows, x : x + columns]


def margin(grey, rng, down, across, ground):
    pads = [(round(side * share * rng.random()), round(side * share * rng.random())) for side, share in zip(grey.shape, (down, across))]
    rows, columns = pads
    return numpy.pad(grey, (rows, columns), constant_values=ground)


def stored(grey, form, **options):
    memory = io.BytesIO()
    as_image(grey).save(memory, form, **options)
    return as_grey(Image.open(io.BytesIO(memory.getvalue())).convert("L"))


def jpeg(grey, rng, quality):
    return stored(grey, "JPEG", quality=round(quality))


def wavelet(grey, rng, rate):
    return stored(grey, "JPEG2000", quality_mode="rates", quality_layers=[rate], irreversible=True)


def bits(grey, rng, depth):
    steps = (1 << round(depth)) - 1
    return numpy.floor(numpy.clip(grey, 0, 255) / 256 * (steps + 1)) * (255 / steps)


STEPS = {
    "strips": strips,
    "stretch": stretch,
    "zoom": zoom,
    "light": light,
    "vignette": vignette,
    "columns": columns,
    "mottle": mottle,
    "clip": clip,
    "sharpen": sharpen,
    "gamma": gamma,
    "range": range_,
    "crop": crop,
    "margin": margin,
    "jpeg": jpeg,
    "wavelet": wavelet,
    "bits": bits,
}
