"""Enrolment and search in our simulated fingerprint sensor, by two client libraries that others wrote for real ones.

Travellers are put before the sensor over the simulator's control socket; what the libraries then find, miss, count and
delete is the module's own doing. The image that they download is compared with what lies on the glass.
"""

import contextlib
import io
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import adafruit_fingerprint as adafruit
import serial
from PIL import Image
from pyfingerprint.pyfingerprint import PyFingerprint

SIMULATOR = "target/release/gatepost-sim"
BAUD = 115200
WIDTH, HEIGHT = 256, 288
PLACE = 5
START_SECONDS = 30
# People lift and put the finger again when the module could not make one template of two touches.
ATTEMPTS = 5
PASSWORD = 0x12345678


def check(name, holds, why=""):
    print(f"PASS {name}" if holds else f"FAIL {name}: {why}")


class Desk:
    """A running simulator, and who stands before it."""

    def __init__(self, folder, page, size):
        self.line = os.path.join(folder, "scanner")
        self.page = page
        self.size = size
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(os.path.join(folder, "control.sock"))
        self.answers = self.control.makefile("r")

    def order(self, **what):
        self.control.sendall((json.dumps(what) + "\n").encode())
        answer = json.loads(self.answers.readline())
        if not answer["ok"]:
            raise RuntimeError(f"{what}: {answer}")

    def put(self, finger, take):
        """Lifts what is on, puts a finger down, and takes images until one shows it."""
        self.order(do="finger", finger=None)
        self.order(do="finger", finger=finger)
        deadline = time.monotonic() + START_SECONDS
        while not take():
            if time.monotonic() > deadline:
                raise RuntimeError("no finger came")

    def on_glass(self):
        """What lies on the glass now: 8 bits a pixel."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.page}/touch.png", timeout=10) as answer:
            return Image.open(io.BytesIO(answer.read())).convert("L").tobytes()


@contextlib.contextmanager
def desk(password=0, size=(WIDTH, HEIGHT)):
    with tempfile.TemporaryDirectory() as folder:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            page = free.getsockname()[1]
        command = [SIMULATOR, "serve", "--dir", folder, "--camera-port", "0", "--page-port", str(page)]
        command += ["--baud", str(BAUD), "--sensor", f"{size[0]}x{size[1]}", "--password", str(password)]
        quiet = {**os.environ, "RUST_LOG": "warn", "NO_COLOR": "1"}
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=quiet)
        try:
            if running.stdout.readline().strip() != "ready":
                raise RuntimeError("the simulator did not get ready")
            there = Desk(folder, page, size)
            there.order(do="arrive", seed=3)
            yield there
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()


def exact(there, packed):
    """Whether two pixels a byte are what lies on the glass, at its four high bits."""
    pixels = [value for byte in packed for value in (byte >> 4, byte & 15)]
    return pixels == [pixel >> 4 for pixel in there.on_glass()]


def adafruit_touch(there, module, finger, slot):
    there.put(finger, lambda: module.get_image() == adafruit.OK)
    return module.image_2_tz(slot)


def adafruit_enrols(there, module, finger, place):
    """As its own example does: two touches, one model, one place. Gives the codes of the last attempt."""
    for _ in range(ATTEMPTS):
        codes = [adafruit_touch(there, module, finger, slot) for slot in (1, 2)]
        codes.append(module.create_model())
        if codes == [adafruit.OK] * 3:
            return codes + [module.store_model(place)]
    return codes


def by_adafruit(there):
    name = f"ef01 {there.size[0]}x{there.size[1]}: adafruit"
    with serial.Serial(there.line, BAUD, timeout=5) as line:
        module = adafruit.Adafruit_Fingerprint(line)
        check(f"{name} reads the parameters", (module.baudrate * 9600, module.library_size) == (BAUD, 200))
        check(f"{name} checks the module", module.check_module())
        check(f"{name} sees no finger", module.get_image() == adafruit.NOFINGER)
        check(f"{name} finds an empty library", (module.count_templates(), module.template_count) == (adafruit.OK, 0))
        adafruit_touch(there, module, "right-index", 1)
        check(f"{name} searches it in vain", module.finger_search() == adafruit.NOTFOUND)
        codes = adafruit_enrols(there, module, "right-index", PLACE)
        check(f"{name} enrols a finger", codes == [adafruit.OK] * 4, codes)
        module.count_templates()
        module.read_templates()
        check(f"{name} counts and lists it", (module.template_count, module.templates) == (1, [PLACE]), module.templates)
        for search, ask in (("search", module.finger_search), ("fast search", module.finger_fast_search)):
            found = []
            for _ in range(ATTEMPTS):
                adafruit_touch(there, module, "right-index", 1)
                found.append((ask(), module.finger_id))
            hits = found.count((adafruit.OK, PLACE))
            check(f"{name} finds it again by {search}: {hits} of {ATTEMPTS} touches", hits * 2 > ATTEMPTS, found)
            strangers = []
            for finger in ("right-middle", "left-index", "left-thumb"):
                adafruit_touch(there, module, finger, 1)
                strangers.append(ask())
            check(f"{name} finds no other finger by {search}", strangers == [adafruit.NOTFOUND] * 3, strangers)
        adafruit_touch(there, module, "right-index", 1)
        adafruit_touch(there, module, "left-index", 2)
        check(f"{name} makes no model of two fingers", module.create_model() == adafruit.ENROLLMISMATCH)
        check(f"{name} may not store outside", module.store_model(1000) == adafruit.BADLOCATION)
        check(f"{name} loads a model", module.load_model(PLACE, 1) == adafruit.OK)
        model = module.get_fpdata("char", 1)
        check(f"{name} gets its 512 bytes", len(model) == 512, len(model))
        module.send_fpdata(model, "char", 2)
        check(f"{name} sends them back, and they match", module.compare_templates() == adafruit.OK)
        there.put("right-index", lambda: module.get_image() == adafruit.OK)
        check(f"{name} gets the image, every pixel at 4 bits", exact(there, module.get_fpdata("image")))
        check(f"{name} sets the light", module.set_led() == adafruit.OK)
        module.soft_reset()
        check(f"{name} deletes", (module.delete_model(PLACE), module.count_templates()) == (0, 0))
        check(f"{name} has deleted", module.template_count == 0, module.template_count)
        check(f"{name} empties", module.empty_library() == adafruit.OK)
        # It never looks at a checksum. The other library does, and so does our driver (drivers/tests).
        there.order(do="fault", device="scanner", fault="bad-checksum")
        check(f"{name} takes wrong checksums for right", module.read_sysparam() == adafruit.OK)
        there.order(do="fault", device="scanner", fault="none")


def pyfingerprint_touch(there, module, finger, buffer):
    there.put(finger, module.readImage)
    return module.convertImage(buffer)


def pyfingerprint_enrols(there, module, finger):
    for _ in range(ATTEMPTS):
        pyfingerprint_touch(there, module, finger, 1)
        pyfingerprint_touch(there, module, finger, 2)
        if module.compareCharacteristics() > 0 and module.createTemplate():
            return module.storeTemplate()
    return -1


def by_pyfingerprint(there, folder):
    name = "ef01: pyfingerprint"
    module = PyFingerprint(there.line, BAUD)
    check(f"{name} verifies the password", module.verifyPassword())
    check(f"{name} reads the parameters", module.getSystemParameters()[2:4] == (200, 3), module.getSystemParameters())
    check(f"{name} clears the library", module.clearDatabase() and module.getTemplateCount() == 0)
    pyfingerprint_touch(there, module, "left-index", 1)
    check(f"{name} searches it in vain", module.searchTemplate() == (-1, -1))
    place = pyfingerprint_enrols(there, module, "left-index")
    check(f"{name} enrols a finger at the first free place", place == 0, place)
    check(f"{name} counts and lists it", module.getTemplateCount() == 1 and module.getTemplateIndex(0)[0])
    found = []
    for _ in range(ATTEMPTS):
        pyfingerprint_touch(there, module, "left-index", 1)
        found.append(module.searchTemplate()[0])
    check(f"{name} finds it again: {found.count(0)} of {ATTEMPTS} touches", found.count(0) * 2 > ATTEMPTS, found)
    pyfingerprint_touch(there, module, "right-index", 1)
    check(f"{name} does not find another finger", module.searchTemplate() == (-1, -1))
    check(f"{name} loads a template", module.loadTemplate(0, 1))
    template = module.downloadCharacteristics(1)
    check(f"{name} sends it back unchanged", len(template) == 512 and module.uploadCharacteristics(2, template))
    score = module.compareCharacteristics()
    check(f"{name} compares the two: {score}", score > 200, score)
    there.put("left-index", module.readImage)
    target = os.path.join(folder, "finger.png")
    module.downloadImage(target)
    with Image.open(target) as picture:
        wanted = bytes((pixel >> 4) * 17 for pixel in there.on_glass())
        check(f"{name} gets the image, every pixel at 4 bits", picture.convert("L").tobytes() == wanted)
    check(f"{name} draws random numbers", module.generateRandomNumber() != module.generateRandomNumber())
    check(f"{name} deletes", module.deleteTemplate(0) and module.getTemplateCount() == 0)
    there.order(do="fault", device="scanner", fault="bad-checksum")
    try:
        module.getTemplateCount()
        check(f"{name} refuses a wrong checksum", False, "it was taken for right")
    except Exception as error:  # the library raises nothing more special
        check(f"{name} refuses a wrong checksum", "checksum" in str(error), error)
    there.order(do="fault", device="scanner", fault="none")


def passwords_count(there):
    try:
        with serial.Serial(there.line, BAUD, timeout=5) as line:
            adafruit.Adafruit_Fingerprint(line, (0, 0, 0, 1))
        check("ef01: adafruit is kept out by a wrong password", False, "it was let in")
    except RuntimeError as error:
        check("ef01: adafruit is kept out by a wrong password", "Failed to find" in str(error), error)
    with serial.Serial(there.line, BAUD, timeout=5) as line:
        module = adafruit.Adafruit_Fingerprint(line, tuple(PASSWORD.to_bytes(4, "big")))
        check("ef01: adafruit gets in with the right one", module.count_templates() == adafruit.OK)
    module = PyFingerprint(there.line, BAUD, password=PASSWORD + 1)
    check("ef01: pyfingerprint is kept out by a wrong password", not module.verifyPassword())


if not os.path.exists(SIMULATOR):
    print(f"SKIPPED ef01 library: {SIMULATOR} is not built")
    sys.exit(0)
with desk() as there, tempfile.TemporaryDirectory() as place:
    by_adafruit(there)
    by_pyfingerprint(there, place)
with desk(size=(192, 192)) as there:
    by_adafruit(there)
with desk(PASSWORD) as there:
    passwords_count(there)
