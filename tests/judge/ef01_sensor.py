"""Our simulated fingerprint sensor, driven by two client libraries that others wrote for the real ones.

What both libraries can use is what a real module of the family does on its wire.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time

import adafruit_fingerprint
import serial
from PIL import Image
from pyfingerprint.pyfingerprint import PyFingerprint

SIMULATOR = "target/release/gatepost-sim"
BAUD = 115200
# pyfingerprint knows this size of sensor only.
WIDTH, HEIGHT = 256, 288
PASSWORD = 0x12345678
START_SECONDS = 30


@contextlib.contextmanager
def sensor(folder, password):
    """A running simulator whose finger comes when an image is commanded; gives the path of its line."""
    command = [SIMULATOR, "serve", "--dir", folder, "--camera-port", "0", "--page-port", "0", "--baud", str(BAUD)]
    command += ["--sensor", f"{WIDTH}x{HEIGHT}", "--password", str(password), "--seed", "3", "--autopilot"]
    quiet = {**os.environ, "RUST_LOG": "warn", "NO_COLOR": "1"}
    running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=quiet)
    try:
        if running.stdout.readline().strip() != "ready":
            raise RuntimeError("the simulator did not get ready")
        yield os.path.join(folder, "scanner")
    finally:
        running.terminate()
        try:
            running.wait(10)
        except subprocess.TimeoutExpired:
            running.kill()


def until_a_finger(take):
    """Asks for an image until there is a finger: `take` says whether there was one."""
    deadline = time.monotonic() + START_SECONDS
    while not take():
        if time.monotonic() > deadline:
            raise RuntimeError("no finger came")


def check(name, holds, why):
    print(f"PASS {name}" if holds else f"FAIL {name}: {why}")


def by_adafruit(path):
    """The bytes of an image, two pixels each, as the first library gets them."""
    with serial.Serial(path, BAUD, timeout=5) as line:
        module = adafruit_fingerprint.Adafruit_Fingerprint(line)
        check("ef01: adafruit reads the parameters", module.baudrate * 9600 == BAUD, f"baud {module.baudrate} x 9600")
        until_a_finger(lambda: module.get_image() == adafruit_fingerprint.OK)
        return bytes(module.get_fpdata("image"))


def by_pyfingerprint(path, folder):
    """The picture that the second library makes of the image that is still in the module."""
    module = PyFingerprint(path, BAUD)
    check("ef01: pyfingerprint verifies the password", module.verifyPassword(), "refused")
    target = os.path.join(folder, "finger.png")
    module.downloadImage(target)
    with Image.open(target) as picture:
        return picture.convert("L").tobytes()


def images_agree(folder):
    with sensor(folder, 0) as path:
        packed = by_adafruit(path)
        size = len(packed) * 2
        check("ef01: adafruit gets a whole image", size == WIDTH * HEIGHT, f"{size} pixels")
        picture = by_pyfingerprint(path, folder)
        pixels = bytes(value * 17 for byte in packed for value in (byte >> 4, byte & 15))
        check("ef01: both get the same pixels", pixels == picture, "the pictures differ")
        check("ef01: there is a finger on them", len(set(picture)) > 4, f"{len(set(picture))} shades")
        module = PyFingerprint(path, BAUD)
        until_a_finger(module.readImage)
        print("PASS ef01: pyfingerprint takes an image")


def passwords_count(folder):
    with sensor(folder, PASSWORD) as path:
        for given, opens in ((PASSWORD + 1, False), (PASSWORD, True)):
            module = PyFingerprint(path, BAUD, password=given)
            name = "the right" if opens else "a wrong"
            check(f"ef01: {name} password", module.verifyPassword() == opens, f"accepted: {not opens}")


if not os.path.exists(SIMULATOR):
    print(f"SKIPPED ef01: {SIMULATOR} is not built")
    sys.exit(0)
for judge in (images_agree, passwords_count):
    with tempfile.TemporaryDirectory() as place:
        judge(place)
