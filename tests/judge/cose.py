"""Our signed messages and sealed records, held against pycose and a reading of src/store/record.cddl in Python.

Published: the COSE working group's examples, in the folder that GATEPOST_COSE_EXAMPLES names (with sign1-tests,
ecdsa-examples and eddsa-examples). Our signature check has to say what they say; our messages have one spelling, so
that the examples as they stand are all refused, for the right reason. Without the folder that part is skipped.

Ours to them: every kind of message that station and intake sign is verified by pycose, and refused when any byte of it
was touched; records are opened by HPKE written here after RFC 9180 (itself held against the one of pyca/cryptography).

Theirs to us: records that pycose signed and this HPKE sealed are taken by `gatepost-intake import` and read by
`gatepost-intake open`, its receipts are verified by pycose, and whatever is wrong with a record is told by its reason.
"""

import base64
import glob
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

import cbor2
from cryptography.hazmat.primitives import hashes, hpke, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from pycose.algorithms import Es256
from pycose.headers import KID, Algorithm
from pycose.keys import EC2Key
from pycose.messages import CoseMessage, Sign1Message

BIN = os.environ.get("GATEPOST_BIN", "target/release")
EXAMPLES = os.environ.get("GATEPOST_COSE_EXAMPLES")
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
NOW_MS = 1_766_534_400_000
# What record.cddl says is signed along, and by whose key.
KINDS = {
    "record-header": (b"gatepost record header 1", "station"),
    "receipt": (b"gatepost receipt 1", "intake"),
    "tombstone": (b"gatepost tombstone 1", "intake"),
    "key-rotation": (b"gatepost key rotation 1", "station"),
    "receipt-key": (b"gatepost receipt key 1", "intake"),
    "possession": (b"gatepost possession 1", "connection"),
}
# How many bytes of a message are touched, one after the other: pycose's curve is slow.
TOUCHED = 120

failed = False


def check(name, problems, said=""):
    global failed
    failed = failed or bool(problems)
    told = f": {said}" if said else ""
    print(f"FAIL cose: {name}: {'; '.join(problems)[:600]}" if problems else f"PASS cose: {name}{told}", flush=True)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


# Keys


def pem_of(public):
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return public.public_bytes(serialization.Encoding.PEM, spki).decode()


def id_of(public):
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return sha256(public.public_bytes(serialization.Encoding.DER, spki))[:8].hex()


def point_of(public):
    return public.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def pycose_key(key):
    public = key.public_key() if hasattr(key, "public_key") else key
    numbers = public.public_numbers()
    x, y = (number.to_bytes(32, "big") for number in (numbers.x, numbers.y))
    d = key.private_numbers().private_value.to_bytes(32, "big") if hasattr(key, "private_numbers") else b""
    return EC2Key(crv="P_256", x=x, y=y, d=d, optional_params={})


def load_public(path):
    with open(path, "rb") as file:
        return serialization.load_pem_public_key(file.read())


# COSE by pycose


def lower(signature):
    """The one of the two signatures that is equally good whose s is low: the only one that we take."""
    s = int.from_bytes(signature[32:], "big")
    return signature[:32] + min(s, ORDER - s).to_bytes(32, "big")


def higher(signature):
    s = int.from_bytes(lower(signature)[32:], "big")
    return signature[:32] + (ORDER - s).to_bytes(32, "big")


def sign(key, aad, payload, *, headers=None, unprotected=None, spell=lower, tag=True):
    message = Sign1Message(
        phdr=headers or {Algorithm: Es256, KID: id_of(key.public_key()).encode()},
        uhdr=unprotected or {},
        payload=payload,
        external_aad=aad,
        key=pycose_key(key),
    )
    if headers and Algorithm not in headers:
        # pycose signs by what the headers name; the algorithm stands where it can be seen and is not protected.
        message.uhdr = {**message.uhdr, Algorithm: Es256}
    message.signature = spell(message.compute_signature())
    return message.encode(sign=False, tag=tag)


def verified(message, aad, public):
    """What pycose says of a message; whatever it raises is no."""
    try:
        read = CoseMessage.decode(message)
        read.external_aad, read.key = aad, pycose_key(public)
        return isinstance(read, Sign1Message) and read.verify_signature()
    except Exception:  # pylint: disable=broad-except
        return False


def ours(asked):
    """What our own functions say, one answer a question."""
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    program = [f"{BIN}/cose_messages", "take"]
    said = subprocess.run(program, input=lines, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in said.splitlines()]


# HPKE base mode after RFC 9180: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-256-GCM

SUITE_KEM, SUITE = b"KEM\x00\x10", b"HPKE\x00\x10\x00\x01\x00\x02"


def hmac(key, data):
    made = HMAC(key, hashes.SHA256())
    made.update(data)
    return made.finalize()


def extract(salt, suite, label, ikm):
    return hmac(salt or bytes(32), b"HPKE-v1" + suite + label + ikm)


def expand(prk, suite, label, info, length):
    info, out, block = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, b"", b""
    while len(out) < length:
        block = hmac(prk, block + info + bytes([len(out) // 32 + 1]))
        out += block
    return out[:length]


def schedule(dh, enc, recipient, info):
    prk = extract(b"", SUITE_KEM, b"eae_prk", dh)
    shared = expand(prk, SUITE_KEM, b"shared_secret", enc + recipient, 32)
    context = b"\0" + extract(b"", SUITE, b"psk_id_hash", b"") + extract(b"", SUITE, b"info_hash", info)
    secret = extract(shared, SUITE, b"secret", b"")
    return AESGCM(expand(secret, SUITE, b"key", context, 32)), expand(secret, SUITE, b"base_nonce", context, 12)


def hpke_open(secret, info, aad, sealed):
    enc, ciphertext = sealed[:65], sealed[65:]
    dh = secret.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), enc))
    aead, nonce = schedule(dh, enc, point_of(secret.public_key()), info)
    return aead.decrypt(nonce, ciphertext, aad)


def hpke_seal(public, info, aad, plain):
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    enc = point_of(ephemeral.public_key())
    aead, nonce = schedule(ephemeral.exchange(ec.ECDH(), public), enc, point_of(public), info)
    return enc + aead.encrypt(nonce, plain, aad)


def hpke_holds():
    """Ours here against pyca/cryptography's, in both directions."""
    problems = []
    suite = hpke.Suite(hpke.KEM.P256, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    secret = ec.generate_private_key(ec.SECP256R1())
    for plain in (b"", b"x", bytes(100_000)):
        if hpke_open(secret, b"info", b"", suite.encrypt(plain, secret.public_key(), b"info")) != plain:
            problems.append(f"{len(plain)} bytes of theirs")
        if suite.decrypt(hpke_seal(secret.public_key(), b"info", b"", plain), secret, b"info") != plain:
            problems.append(f"{len(plain)} bytes of ours")
    check("HPKE as it is written here is pyca/cryptography's", problems)


# The published examples


def unbase(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def example_key(key):
    """The P-256 key of an example; nothing for other curves."""
    if key.get("crv") != "P-256":
        return None
    number = int.from_bytes(unbase(key["d"]), "big")
    return ec.derive_private_key(number, ec.SECP256R1())


def published():
    files = sorted(glob.glob(os.path.join(EXAMPLES, "*", "*.json"))) if EXAMPLES else []
    if not files:
        print("SKIPPED cose: published examples: GATEPOST_COSE_EXAMPLES names no folder with them")
        return
    problems, taken, refused, asked, expected = [], 0, 0, [], []
    other = ec.generate_private_key(ec.SECP256R1())
    for path in files:
        with open(path, encoding="utf-8") as file:
            example = json.load(file)
        sign1 = example["input"].get("sign0")
        inside = sign1 or example["input"]["sign"]["signers"][0]
        key = example_key(inside["key"])
        aad = inside.get("external", "")
        message = bytes.fromhex(example["output"]["cbor"])
        # A message that protects nothing, not even its algorithm, is none for us before anybody asks for its signature.
        protects = bool(sign1 and sign1.get("protected"))
        holds = bool(protects and key and sign1["alg"] == "ES256" and not example.get("fail"))
        public = pem_of((key or other).public_key())
        if holds:
            # The published signature may have the high s, which we take from nobody; with the low one it holds.
            value = cbor2.loads(message)
            parts = value.value if isinstance(value, cbor2.CBORTag) else value
            if lower(parts[3]) != parts[3]:
                parts[3], holds = lower(parts[3]), None
                asked.append({"kind": "any", "key": public, "message": cbor2.dumps(value).hex(), "aad": aad})
                expected.append((os.path.basename(path) + " with the low s", "any", True))
        for kind in ("any", "record-header"):
            asked.append({"kind": kind, "key": public, "message": message.hex(), "aad": aad})
            expected.append((os.path.basename(path), kind, holds if kind == "any" else False))
    for (name, kind, holds), answer in zip(expected, ours(asked), strict=True):
        if holds is None:
            good = not answer["believed"] and "one spelling" in answer["why"]
        else:
            good = answer["believed"] == holds
        taken, refused = taken + answer["believed"], refused + (not answer["believed"])
        if not good:
            problems.append(f"{name} as {kind}: {answer}")
    if taken != 3:
        problems.append(f"only {taken} were taken")
    check("the working group's examples", problems, f"{len(files)} of them, {taken} signatures hold, {refused} refusals")


# Ours to them


def touched(message):
    places = range(len(message))
    for at in random.Random(1).sample(places, min(TOUCHED, len(message))):
        changed = bytearray(message)
        changed[at] ^= 1 << at % 8
        yield at, bytes(changed)


def our_messages(folder):
    keys = {name: load_public(f"{folder}/{name}.pub") for name in ("station", "intake", "connection")}
    for kind, (aad, signer) in KINDS.items():
        problems = []
        with open(f"{folder}/messages/{kind}", "rb") as file:
            message = file.read()
        public = keys[signer]
        if not verified(message, aad, public):
            problems.append("pycose does not verify it")
        for other, (aad_of_other, _) in KINDS.items():
            if other != kind and verified(message, aad_of_other, public):
                problems.append(f"it passes for {other}")
        for name, other in keys.items():
            if name != signer and verified(message, aad, other):
                problems.append(f"it passes for one by {name}")
        passed = [at for at, changed in touched(message) if verified(changed, aad, public)]
        if passed:
            problems.append(f"touched bytes {passed} go unnoticed")
        value = cbor2.loads(message)
        protected, unprotected, payload, _ = value.value
        if (value.tag, cbor2.loads(protected), unprotected) != (18, {1: -7, 4: id_of(public).encode()}, {}):
            problems.append("its headers are others than record.cddl says")
        if kind == "possession":
            if not verified(payload, b"gatepost application 1", keys["station"]):
                problems.append("the application inside is not signed by the station's key")
            payload = cbor2.loads(payload).value[2]
        if cbor2.dumps(cbor2.loads(payload), canonical=True) != payload:
            problems.append("its payload is not in deterministic form")
        check(f"our {kind} by pycose", problems, f"{min(TOUCHED, len(message))} touched bytes refused")


def binding(header):
    names = [header["station"], header["record"], header["case"], header["outcome"], header["simulated"]]
    return cbor2.dumps([1, *names], canonical=True)


def our_records(folder):
    """Chain, digests and bodies of the records that an outbox has exported. The plain text of the last one."""
    with open(f"{folder}/authority.key", "rb") as file:
        secret = serialization.load_pem_private_key(file.read(), None)
    station, problems, plain, previous = load_public(f"{folder}/station.pub"), [], b"", bytes(32)
    files = sorted(glob.glob(f"{folder}/medium/*.rec"))
    for number, path in enumerate(files, 1):
        with open(path, "rb") as file:
            envelope = file.read()
        version, cose, body = cbor2.loads(envelope)
        header = cbor2.loads(cbor2.loads(cose).value[2])
        if not verified(cose, b"gatepost record header 1", station):
            problems.append(f"{number}: pycose does not verify it")
        expected = (1, number, previous, sha256(body), id_of(secret.public_key()), id_of(station))
        found = (version, *(header[key] for key in ("sequence", "previous", "body-digest", "sealed-to", "signed-by")))
        if found != expected:
            problems.append(f"{number}: header {found}")
        plain = hpke_open(secret, b"gatepost record body 1", binding(header), body)
        record = cbor2.loads(plain)
        if (record["record"], record["case"], record["station"]) != (header["record"], header["case"], "S1"):
            problems.append(f"{number}: another record inside")
        if cbor2.dumps(record, canonical=True) != plain:
            problems.append(f"{number}: the body is not in deterministic form")
        for change in ("case", "outcome", "station"):
            try:
                hpke_open(secret, b"gatepost record body 1", binding({**header, change: "x"}), body)
                problems.append(f"{number}: it opens under another {change}")
            except Exception:  # pylint: disable=broad-except
                pass
        previous = sha256(envelope)
    if len(files) != 3:
        problems.append(f"{len(files)} files")
    check("our records: chain, signatures, HPKE bodies", problems, f"{len(files)} records")
    return plain


# Theirs to us


class Station:
    """A station in Python, after record.cddl alone."""

    def __init__(self, plain, authority):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.authority = authority
        self.plain = cbor2.loads(plain)
        self.sequence, self.previous = 0, bytes(32)

    def header(self, body, record):
        return {
            "version": 3,
            "station": "S1",
            "sequence": self.sequence + 1,
            "previous": self.previous,
            "body-digest": sha256(body),
            "record": record["record"],
            "case": record["case"],
            "outcome": record["outcome"],
            "sealing": "HPKE-P256-SHA256-A256GCM",
            "sealed-to": id_of(self.authority),
            "signed-by": id_of(self.key.public_key()),
            "time": NOW_MS + self.sequence,
            "boot": "5d1f2c9e-0000-4000-8000-0123456789ab",
            "clock-jumped": False,
            "audit-lines": 0,
            "audit-head": bytes(32),
            "simulated": True,
        }

    def body(self):
        number = self.sequence + 1
        record = {**self.plain, "record": bytes([number] * 16), "case": f"S1-251224-{number:04}"}
        bound = binding({**record, "simulated": True})
        sealed = hpke_seal(self.authority, b"gatepost record body 1", bound, cbor2.dumps(record, canonical=True))
        return record, sealed

    def envelope(self, change=lambda header: None, signing=None, outer=None, **options):
        """The next record, or what has become of it."""
        record, body = self.body()
        header = self.header(body, record)
        change(header)
        aad = options.pop("aad", b"gatepost record header 1")
        encode = options.pop("encode", lambda header: cbor2.dumps(header, canonical=True))
        cose = sign(signing or self.key, aad, encode(header), **options)
        return outer(cose, body) if outer else cbor2.dumps([1, cose, body], canonical=True)

    def kept(self, envelope):
        self.sequence, self.previous = self.sequence + 1, sha256(envelope)


def wrong(station):
    """What can be wrong with a record: name, envelope, what the intake has to say."""
    kid = id_of(station.key.public_key()).encode()
    stranger = ec.generate_private_key(ec.SECP256R1())
    put = lambda key, value: lambda header: header.__setitem__(key, value)
    good = station.envelope()
    one = lambda **options: station.envelope(**options)
    raw = lambda protected: lambda cose, body: cbor2.dumps(
        [1, cbor2.dumps(cbor2.CBORTag(18, [protected, *cbor2.loads(cose).value[1:]])), body], canonical=True
    )
    both = {1: -7, 4: kid}
    return [
        ("no algorithm", one(headers={KID: kid}), "I-04.*names no algorithm"),
        ("no key id", one(headers={Algorithm: Es256}), "I-04.*names no key"),
        ("key id unprotected", one(headers={Algorithm: Es256}, unprotected={KID: kid}), "I-04.*names no key"),
        ("key id twice", one(unprotected={KID: kid}), "I-04.*one spelling"),
        ("another algorithm named", one(outer=raw(cbor2.dumps({**both, 1: -35}))), "I-04.*not ES256"),
        ("EdDSA named", one(outer=raw(cbor2.dumps({**both, 1: -8}))), "I-04.*not ES256"),
        ("a critical header", one(outer=raw(cbor2.dumps({**both, 2: [4]}))), "I-04"),
        ("headers in another order", one(outer=raw(b"\xa2\x04" + cbor2.dumps(kid) + b"\x01\x26")), "I-04"),
        ("a header twice", one(outer=raw(b"\xa3\x01\x26\x01\x26\x04" + cbor2.dumps(kid))), "I-04"),
        ("the high s", one(spell=higher), "I-04.*one spelling"),
        ("no tag", one(tag=False), "I-04.*one spelling"),
        ("signed for another purpose", one(aad=b"gatepost receipt 1"), "I-04.*not valid"),
        ("nothing signed along", one(aad=b""), "I-04.*not valid"),
        ("signed by a stranger", one(signing=stranger), "I-0[34]"),
        ("a stranger who says so", one(signing=stranger, change=put("signed-by", id_of(stranger.public_key()))), "I-03"),
        ("a stranger under our name", one(signing=stranger, headers={Algorithm: Es256, KID: kid}), "I-04.*not valid"),
        ("of another station", one(change=put("station", "S2")), "I-03"),
        ("another body", one(change=put("body-digest", bytes(32))), "I-05"),
        ("sealed to somebody else", one(change=put("sealed-to", "0" * 16)), "I-12"),
        ("an unknown sealing", one(change=put("sealing", "HPKE-X25519")), "I-04.*algorithm"),
        ("an older version", one(change=put("version", 2)), "I-04.*version 2"),
        ("a field more", one(change=put("name", "ERIKSSON")), "I-04"),
        ("a field less", one(change=lambda header: header.pop("boot")), "I-04"),
        ("sequence 0", one(change=put("sequence", 0)), "I-04"),
        ("a text for a number", one(change=put("time", "now")), "I-04"),
        ("not in deterministic form", one(encode=lambda header: cbor2.dumps(header)), "I-04"),
        ("a byte behind", good + b"\0", "I-02"),
        ("half of it", good[: len(good) // 2], "I-02"),
        ("no array", cbor2.dumps({"cose": good}), "I-02"),
        ("an older envelope", one(outer=lambda *parts: cbor2.dumps([0, *parts])), "I-02"),
        # These two come last: they are kept, beside the chain.
        ("off the chain", one(change=put("previous", bytes(32))), "I-11"),
        ("the same number twice", one(change=put("sequence", 1)), "I-06|I-11"),
    ]


def intake(*words):
    quiet = {**os.environ, "RUST_LOG": "error", "NO_COLOR": "1"}
    return subprocess.run([f"{BIN}/gatepost-intake", *words], capture_output=True, text=True, env=quiet, check=False)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def their_records(folder, plain):
    data, medium, spoilt = f"{folder}/intake", f"{folder}/theirs", f"{folder}/spoilt"
    os.mkdir(data, 0o700)
    for name in ("authority.key", "authority.pub"):
        shutil.copy(f"{folder}/{name}", data)
    station = Station(plain, load_public(f"{folder}/authority.pub"))
    write(f"{folder}/python.pub", pem_of(station.key.public_key()).encode())
    made = intake("init", "--data", data, "--mode", "demonstration", "--station", "S1", "--station-key", f"{folder}/python.pub")
    check("an intake for a station in Python", [made.stderr] if made.returncode else [])
    envelopes = []
    for number in range(1, 6):
        envelopes.append(station.envelope())
        station.kept(envelopes[-1])
        write(f"{medium}/S1-{number:010}.rec", envelopes[-1])
    taken = intake("import", "--data", data, medium)
    good = taken.returncode == 0 and taken.stdout.startswith("5 new, 0 known")
    check("records by pycose are taken", [] if good else [taken.stdout + taken.stderr])

    problems, public = [], load_public(f"{data}/receipt.pub")
    for number, envelope in enumerate(envelopes, 1):
        with open(f"{medium}/S1-{number:010}.receipt", "rb") as file:
            receipt = file.read()
        said = cbor2.loads(cbor2.loads(receipt).value[2])
        if not verified(receipt, b"gatepost receipt 1", public):
            problems.append(f"pycose does not verify receipt {number}")
        if (said["digest"], said["sequence"], said["station"]) != (sha256(envelope), number, "S1"):
            problems.append(f"receipt {number} is for another record")
    check("the intake's receipts by pycose", problems)

    opened = intake("open", "--data", data, "--record", "05" * 16, "--out", f"{folder}/out")
    problems = [opened.stderr] if opened.returncode else []
    if not problems:
        with open(f"{folder}/out/record.json", encoding="utf-8") as file:
            text = file.read()
        traveller = station.plain["enrolment"]["traveller"]
        problems = [key for key in ("name", "document-number") if str(traveller[key]) not in text]
    check("a body that was sealed in Python is read", problems)

    cases = wrong(station)
    for at, (_, envelope, _) in enumerate(cases):
        write(f"{spoilt}/{at:03}.rec", envelope)
    refused = intake("import", "--data", data, spoilt)
    said = dict(re.findall(r'file="(\d+)\.rec" why="((?:[^"\\]|\\.)*)"', refused.stderr))
    for at, (name, _, expected) in enumerate(cases):
        why = said.get(f"{at:03}", "it was taken")
        check(f"a record with {name} is refused", [] if re.search(expected, why) else [why], why[:70])
    receipts = glob.glob(f"{spoilt}/*.receipt")
    check("no receipt for any of them", receipts, f"{len(cases)} files, {refused.stdout.strip()}")


def main():
    hpke_holds()
    with tempfile.TemporaryDirectory() as folder:
        published()
        subprocess.run([f"{BIN}/cose_messages", "make", folder], check=True)
        our_messages(folder)
        plain = our_records(folder)
        their_records(folder, plain)
    return failed


sys.exit(main())
