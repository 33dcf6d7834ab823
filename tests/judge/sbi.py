"""Our simulated device service, judged by the published schemas of the interface and by libraries that others wrote.

Schemas: the JSON files that mosip-compliance-toolkit has for version 0.9.5 (DiscoverResponseSchema.json and the others), in
the folder that GATEPOST_SBI_SCHEMAS names, or else in target/judge/sbi-schemas. Put them there: they are not ours to ship.
Without them nothing is judged.

Signatures: PyJWT and cryptography. Pictures: jpylyzer for the files, OpenJPEG (by Pillow and by imagecodecs) for the pixels.
"""

import base64
import contextlib
import glob
import hashlib
import http.client
import io
import json
import os
import socket
import struct
import subprocess
import tempfile
import threading
import time

import imagecodecs
import jwt
import numpy
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from jpylyzer import jpylyzer
from jsonschema import Draft201909Validator, FormatChecker
from PIL import Image

SIMULATOR = os.environ.get("GATEPOST_SIM", "target/release/gatepost-sim")
SCHEMAS = os.environ.get("GATEPOST_SBI_SCHEMAS", os.path.join("target", "judge", "sbi-schemas"))
TRANSACTION = "judge-0001"
RIGHT = ["Right IndexFinger", "Right MiddleFinger", "Right RingFinger", "Right LittleFinger"]
# How long something may take that comes by itself, in seconds.
SOON = 60
EMPTY_HASH = hashlib.sha256(b"").hexdigest().upper()


def check(name, problems):
    problems = [problem for problem in problems if problem]
    print(f"PASS sbi: {name}" if not problems else f"FAIL sbi: {name}: {'; '.join(problems)[:600]}")


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Service:
    """A running simulator with a device service, and the wire to direct it."""

    def __init__(self, folder):
        self.folder = folder
        with open(os.path.join(folder, "sbi-trust.pem"), "rb") as pem:
            self.authority = x509.load_pem_x509_certificate(pem.read())
        self.port = next(self.ours())

    def ours(self):
        """Looks for the service as any host does: on every port of the interface. Others may run beside it."""
        for self.port in range(4501, 4601):
            with contextlib.suppress(OSError, ValueError, http.client.HTTPException, InvalidSignature):
                self.opened(self.ask("MOSIPDINFO", "/info")[0]["deviceInfo"])
                yield self.port
        raise RuntimeError("no port of 4501 to 4600 has the service")

    def ask(self, verb, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request(verb, path, None if body is None else json.dumps(body), {"EXT": "judge"})
        answer = connection.getresponse().read()
        connection.close()
        return json.loads(answer)

    def direct(self, **order):
        with socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(120)
            wire.connect(os.path.join(self.folder, "control.sock"))
            wire.sendall(json.dumps(order).encode() + b"\n")
            answer = json.loads(wire.makefile().readline())
        if not answer["ok"]:
            raise RuntimeError(f"{order}: {answer}")
        return answer

    def capture(self, **changes):
        return self.ask("RCAPTURE", "/capture", wish(**changes))["biometrics"]

    def opened(self, token):
        """The payload of a token that PyJWT accepts by its own certificate, which our authority has issued."""
        chain = [x509.load_der_x509_certificate(base64.b64decode(der)) for der in jwt.get_unverified_header(token)["x5c"]]
        chain[0].verify_directly_issued_by(self.authority)
        if chain[0] == self.authority or chain[-1] != self.authority:
            raise ValueError("the chain does not lead from a device to the authority")
        # The interface's tokens are no claims: nothing in them expires.
        return jwt.PyJWS().decode(token, chain[0].public_key(), algorithms=["RS256"])

    def truth(self, record):
        """The pixels that the device had before it made this record."""
        with Image.open(os.path.join(self.folder, "truth", hashlib.sha256(record).hexdigest() + ".png")) as picture:
            return numpy.asarray(picture)


@contextlib.contextmanager
def service(*options):
    with tempfile.TemporaryDirectory() as folder:
        command = [SIMULATOR, "serve", "--dir", folder, "--camera-port", "0", "--page-port", "0", "--sensor", "64x48"]
        command += ["--sbi", "--sbi-truth", os.path.join(folder, "truth"), *options]
        quiet = {**os.environ, "RUST_LOG": "warn", "NO_COLOR": "1"}
        running = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=quiet)
        try:
            if running.stdout.readline().strip() != "ready":
                raise RuntimeError("the simulator did not get ready")
            yield Service(folder)
        finally:
            running.terminate()
            try:
                running.wait(10)
            except subprocess.TimeoutExpired:
                running.kill()


def wish(bio=None, **changes):
    one = {
        "type": "Finger", "count": "4", "bioSubType": [], "exception": [], "requestedScore": "20",
        "deviceId": "SIMULATED-SLAP-1", "deviceSubId": "2", "previousHash": EMPTY_HASH, **(bio or {}),
    }
    asked = {
        "env": "Developer", "purpose": "Registration", "specVersion": "0.9.5", "timeout": "60000",
        "captureTime": "2026-03-01T12:00:00Z", "transactionId": TRANSACTION, "bio": [one], "customOpts": None,
    }
    return {**asked, **changes}


def face(**changes):
    bio = {"type": "Face", "count": "1", "deviceId": "SIMULATED-FACE-1", "deviceSubId": "0", "requestedScore": "1"}
    return {"bio": {**bio, **changes}}


def schemas():
    read = {}
    for path in glob.glob(os.path.join(SCHEMAS, "*.json")):
        with open(path, encoding="utf-8") as file:
            read[os.path.basename(path).removesuffix("Schema.json")] = every_item(json.load(file))
    return read


def every_item(schema):
    """The schemas write `items` as a list of one, which would bind the first element of an answer only: all are meant."""
    if isinstance(schema, list):
        return [every_item(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: every_item(value) for name, value in schema.items()}
    if isinstance(made.get("items"), list) and len(made["items"]) == 1:
        made["items"] = made["items"][0]
    return made


KNOWN = schemas()


def against(name, message):
    """What the schema finds wrong with a message."""
    found = Draft201909Validator(KNOWN[name], format_checker=FormatChecker()).iter_errors(message)
    return [f"{name} at {'/'.join(map(str, error.absolute_path))}: {error.message[:160]}" for error in found]


def discovery(running):
    """Like the compliance toolkit, decodes what is encoded and asks the schema about both."""
    found = running.ask("MOSIPDISC", "/device", {"type": "Biometric Device"})
    problems = against("DiscoverRequest", {"type": "Biometric Device"})
    for one in found:
        one["digitalIdDecoded"] = json.loads(decode(one["digitalId"]))
        problems += against("DigitalIdResponse", one["digitalIdDecoded"])
    problems += against("DiscoverResponse", found)
    problems += [] if len(found) == 2 else [f"{len(found)} devices"]
    problems += [f"no SIMULATED in {one['digitalIdDecoded']}" for one in found
                 if "SIMULATED" not in one["digitalIdDecoded"]["serialNo"]]
    check("discovery passes the schemas", problems)
    problems = []
    for kind, code in [("Iris", "106"), ("Toe", "502"), ("", "502")]:
        refused = running.ask("MOSIPDISC", "/device", {"type": kind})
        problems += against("DiscoverResponseError", refused)
        problems += [] if refused[0]["error"]["errorCode"] == code else [f"{kind}: {refused}"]
    check("wrong discoveries get their error codes", problems)


def info(running, schema, signed=True, code="0"):
    answer = running.ask("MOSIPDINFO", "/info")
    problems = []
    for one in answer:
        token = one["deviceInfo"]
        one["deviceInfoDecoded"] = decoded = json.loads(running.opened(token) if signed else decode(token))
        id_token = decoded["digitalId"]
        decoded["digitalIdDecoded"] = json.loads(running.opened(id_token) if signed else decode(id_token))
        problems += [] if one["error"]["errorCode"] == code else [f"{one['error']} for {code}"]
    return problems + against(schema, answer)


def states(running):
    check("device info passes the schema, signed by a device", info(running, "DeviceInfoReadyResponse")
          + info(running, "DeviceInfoResponse"))
    for fault, schema, code in [
        ("busy", "DeviceInfoBusyResponse", "111"),
        ("not-ready", "DeviceInfoNotReadyResponse", "110"),
        ("not-registered", "DeviceInfoNotRegisteredResponse", "100"),
    ]:
        running.direct(do="fault", device="slap", fault=fault)
        problems = info(running, schema, signed=fault != "not-registered", code=code)
        refused = running.capture()
        problems += against("ErrorCaptureResponse", {"biometrics": refused})
        problems += [] if refused[0]["error"]["errorCode"] == code else [f"capture: {refused}"]
        check(f"a device that is {fault} says so by schema and code {code}", problems)
    running.direct(do="fault", device="slap", fault="none")


def opened_samples(running, biometrics, schema="RegistrationCaptureResponse"):
    """Checks samples by schema, signature and hash chain. Gives their data with the record of each, and what is wrong."""
    problems, found, previous = [], [], bytes.fromhex(EMPTY_HASH)
    for one in biometrics:
        data = json.loads(running.opened(one["data"]))
        record = decode(data["bioValue"])
        previous = hashlib.sha256(previous + hashlib.sha256(record).digest()).digest()
        problems += [] if one["hash"] == previous.hex().upper() else ["the hash chain is broken"]
        problems += [] if data["transactionId"] == TRANSACTION else ["another transaction"]
        one["dataDecoded"] = {**data, "digitalIdDecoded": json.loads(running.opened(data["digitalId"]))}
        found.append((data, record))
    return found, problems + against(schema, {"biometrics": biometrics})


def finger_record(record, position):
    """Reads ISO/IEC 19794-4:2011 by its tables. Gives the picture in it, and what is wrong."""
    size, representations, certified, fingers = struct.unpack_from(">IHBB", record, 8)
    length, = struct.unpack_from(">I", record, 16)
    blocks = record[34]
    at = 35 + 5 * blocks
    place, _, units, *rates = struct.unpack_from(">BBBHHHH", record, at)
    depth, compression, impression, width, height, picture = struct.unpack_from(">BBBHHI", record, at + 11)
    wanted = {
        "magic": (record[:8], b"FIR\x00020\x00"), "length": (size, len(record)), "representations": (representations, 1),
        "certification": (certified, 0), "fingers": (fingers, 1), "representation": (length, len(record) - 16),
        "quality blocks": (blocks, 1), "position": (place, position), "units": (units, 1), "rates": (rates, [500] * 4),
        "depth": (depth, 8), "compression": (compression, 5), "impression": (impression, 0),
        "picture": (picture, len(record) - at - 22),
    }
    wrong = [f"{name} {got} for {want}" for name, (got, want) in wanted.items() if got != want]
    return record[at + 22:], (width, height), wrong


def face_record(record):
    """Reads ISO/IEC 19794-5:2011 by its tables."""
    size, representations, certified, _, length = struct.unpack_from(">IHBHI", record, 8)
    blocks = record[35]
    at = 36 + 5 * blocks
    landmarks, = struct.unpack_from(">H", record, at)
    at += 17 + 8 * landmarks
    kind, compression, width, height = struct.unpack_from(">BBHH", record, at)
    picture, = struct.unpack_from(">I", record, at + 11)
    wanted = {
        "magic": (record[:8], b"FAC\x00030\x00"), "length": (size, len(record)), "representations": (representations, 1),
        "certification": (certified, 0), "representation": (length, len(record) - 17), "type": (kind, 1),
        "compression": (compression, 2), "picture": (picture, len(record) - at - 15),
    }
    wrong = [f"{name} {got} for {want}" for name, (got, want) in wanted.items() if got != want]
    return record[at + 15:], (width, height), wrong


def picture(name, coded, size, truth):
    """The picture is a valid file without loss, and two builds of OpenJPEG see the true pixels in it."""
    seen = jpylyzer.checkOneFileData(coded) if hasattr(jpylyzer, "checkOneFileData") else None
    if seen is None:
        with tempfile.NamedTemporaryFile(suffix=".jp2") as file:
            file.write(coded)
            file.flush()
            seen = jpylyzer.checkOneFile(file.name)
    problems = [] if seen.findtext("isValid") == "True" else ["jpylyzer finds it invalid"]
    kernel = seen.findtext(".//transformation")
    problems += [] if kernel == "5-3 reversible" else [f"the wavelet is {kernel}"]
    with Image.open(io.BytesIO(coded)) as opened:
        by_pillow = numpy.asarray(opened)
    by_imagecodecs = imagecodecs.jpeg2k_decode(coded)
    for who, pixels in [("Pillow", by_pillow), ("imagecodecs", by_imagecodecs)]:
        problems += [] if numpy.array_equal(pixels, truth) else [f"{who} sees other pixels"]
    problems += [] if size == truth.shape[1::-1] else [f"the record says {size}"]
    check(name, problems)


def fingers(running):
    running.direct(do="arrive", seed=7)
    waiting = []
    host = threading.Thread(target=lambda: waiting.append(running.capture()))
    host.start()
    deadline = time.monotonic() + SOON
    while running.ask("MOSIPDISC", "/device", {"type": "Finger"})[0]["deviceStatus"] != "Busy":
        if time.monotonic() > deadline:
            raise RuntimeError("the device does not get busy")
    second = running.capture()
    check("a second capture is refused as busy", against("ErrorCaptureResponse", {"biometrics": second})
          + ([] if second[0]["error"]["errorCode"] == "111" else [str(second)]))
    running.direct(do="hand", fingers=["right-index", "right-middle", "right-ring", "right-little"], rotation=12)
    host.join()
    found, problems = opened_samples(running, waiting[0])
    names = [data["bioSubType"] for data, _ in found]
    problems += against("RegistrationCaptureRequest", wish())
    problems += [] if names == RIGHT else [str(names)]
    check("four signed fingers pass the schema and hang together", problems)
    for position, (data, record) in enumerate(found, start=2):
        coded, size, wrong = finger_record(record, position)
        check(f"{data['bioSubType']} is an ISO/IEC 19794-4:2011 record", wrong)
        picture(f"{data['bioSubType']} is JPEG 2000 without loss", coded, size, running.truth(record))
    running.direct(do="fault", device="slap", fault="bad-signature")
    spoilt = running.capture()[0]["data"]
    running.direct(do="fault", device="slap", fault="none")
    try:
        running.opened(spoilt)
        check("a spoilt signature is noticed", ["PyJWT accepts it"])
    except jwt.InvalidSignatureError:
        check("a spoilt signature is noticed", [])
    running.direct(do="hand", fingers=["right-index", "right-ring"])
    partial = running.capture(timeout="1500")
    codes = [one["error"]["errorCode"] for one in partial]
    check("fingers that are not there are told one by one", [] if codes == ["0", "101", "0", "101"] else [str(codes)])
    excepted = running.capture(bio={"exception": ["Right MiddleFinger", "Right LittleFinger"], "count": "2"})
    found, problems = opened_samples(running, excepted)
    check("excepted fingers are left out", problems + ([] if len(found) == 2 else [f"{len(found)} samples"]))
    running.direct(do="hand", fingers=[])
    nothing = running.capture(timeout="500")
    check("an empty glass is 101", against("ErrorCaptureResponse", {"biometrics": nothing})
          + ([] if nothing[0]["error"]["errorCode"] == "101" else [str(nothing)]))


def portrait(running):
    found, problems = opened_samples(running, running.capture(**face()))
    check("a signed portrait passes the schema", problems)
    record = found[0][1]
    coded, size, wrong = face_record(record)
    check("the portrait is an ISO/IEC 19794-5:2011 record", wrong)
    picture("the portrait is JPEG 2000 without loss", coded, size, running.truth(record))
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    order = {"deviceId": "SIMULATED-FACE-1", "deviceSubId": "0", "timeout": "60000"}
    connection.request("STREAM", "/stream", json.dumps(order))
    stream, seen = connection.getresponse(), b""
    deadline = time.monotonic() + SOON
    while seen.count(b"\xff\xd9") < 3 and time.monotonic() < deadline:
        part = stream.read1(65536)
        if not part:
            break
        seen += part
    connection.close()
    frames = [b"\xff\xd8" + part.split(b"\xff\xd9")[0] + b"\xff\xd9" for part in seen.split(b"\xff\xd8")[1:3]]
    sizes = [Image.open(io.BytesIO(frame)).size for frame in frames]
    check("the preview is motion JPEG", [] if sizes == [(640, 480)] * 2 else [str(sizes)])


BROKEN = [
    ({"transactionId": "no spaces!"}, "112"), ({"transactionId": ""}, "112"), ({"transactionId": None}, "112"),
    ({"env": "Home"}, "115"), ({"purpose": "Auth"}, "121"), ({"specVersion": "0.1"}, "710"), ({"timeout": "x"}, "710"),
    ({"bio": {"type": "Iris"}}, "114"), ({"bio": {"deviceId": "none"}}, "106"), ({"bio": {"deviceSubId": "0"}}, "109"),
    ({"bio": {"count": "5"}}, "109"), ({"bio": {"count": "0"}}, "109"), ({"bio": {"bioSubType": ["Left Thumb"]}}, "119"),
    ({"bio": {"exception": ["Toe"]}}, "117"), ({"bio": {"exception": ["Left Thumb"]}}, "118"),
    ({"bio": {"requestedScore": "101"}}, "710"), ({"bio": {"previousHash": "zz"}}, "710"),
]


def broken(running):
    before = running.direct(do="counters")
    problems = []
    for changes, code in BROKEN:
        refused = running.capture(**changes)
        schema = "TransactionIdErrorRCaptureResponse" if code == "112" else "ErrorCaptureResponse"
        problems += against(schema, {"biometrics": refused})
        problems += [] if refused[0]["error"]["errorCode"] == code else [f"{changes}: {refused} for {code}"]
    auth = running.ask("CAPTURE", "/capture", wish(purpose="Auth"))
    problems += against("ErrorCaptureResponse", auth)
    problems += [] if auth["biometrics"][0]["error"]["errorCode"] == "809" else [str(auth)]
    after = running.direct(do="counters")
    opened = [name for name in after if "captures" in name and after[name] != before[name]]
    check("broken requests get the documented error codes and open nothing", problems + opened)


def raw(running):
    running.direct(do="arrive", seed=7)
    running.direct(do="hand", fingers=["right-index", "right-middle", "right-ring", "right-little"], rotation=-20)
    found, problems = opened_samples(running, running.capture())
    names = [data["bioSubType"] for data, _ in found]
    check("a scanner that cuts nothing sends one sample", problems + ([] if names == ["UNKNOWN"] else [str(names)]))
    coded, size, wrong = finger_record(found[0][1], 13)
    check("the whole slap is an ISO/IEC 19794-4:2011 record of four right fingers", wrong)
    picture("the whole slap is JPEG 2000 without loss", coded, size, running.truth(found[0][1]))


if not KNOWN:
    print(f"SKIPPED sbi: the published schemas are not in {SCHEMAS}: put them there, or set"
          " GATEPOST_SBI_SCHEMAS to their folder")
else:
    with service() as whole:
        discovery(whole)
        states(whole)
        fingers(whole)
        portrait(whole)
        broken(whole)
    with service("--sbi-raw") as uncut:
        raw(uncut)
