"""The machine readable zones that we write, read by the `mrz` package, and those that it writes, read by us."""

import json
import random
import subprocess

from mrz.base.functions import hash_string
from mrz.checker.mrva import MRVACodeChecker
from mrz.checker.mrvb import MRVBCodeChecker
from mrz.checker.td1 import TD1CodeChecker
from mrz.checker.td2 import TD2CodeChecker
from mrz.checker.td3 import TD3CodeChecker
from mrz.generator.mrva import MRVACodeGenerator
from mrz.generator.mrvb import MRVBCodeGenerator
from mrz.generator.td1 import TD1CodeGenerator
from mrz.generator.td2 import TD2CodeGenerator
from mrz.generator.td3 import TD3CodeGenerator

OURS = "target/debug/examples/mrz"
COUNT = 1000
CHECKERS = {
    "TD1": TD1CodeChecker,
    "TD2": TD2CodeChecker,
    "TD3": TD3CodeChecker,
    "MRV-A": MRVACodeChecker,
    "MRV-B": MRVBCodeChecker,
}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# (line, first, last, place of the digit), counted from 0, last excluded.
NUMBER = {"TD1": (0, 5, 14, 14)}
BIRTH = {"TD1": (1, 0, 6, 6)}
EXPIRY = {"TD1": (1, 8, 14, 14)}


def say(name, faults, count):
    """One verdict, with the first fault as its reason."""
    if count == 0:
        print(f"FAIL {name}: nothing was compared")
    elif faults:
        print(f"FAIL {name}: {len(faults)} of {count}, the first: {faults[0]}")
    else:
        print(f"PASS {name} ({count} documents)")


def we_read(documents):
    """What our reader says of each list of lines."""
    asked = "".join(json.dumps({"lines": lines}) + "\n" for lines in documents)
    done = subprocess.run([OURS, "read"], input=asked, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def ours_are_accepted():
    done = subprocess.run([OURS, "write", str(COUNT), "7"], capture_output=True, text=True, check=True)
    written = [json.loads(line) for line in done.stdout.splitlines()]
    for form, checker in CHECKERS.items():
        faults = []
        documents = [document for document in written if document["format"] == form]
        for document in documents:
            lines, facts = document["lines"], document["facts"]
            check = checker("\n".join(lines))
            if not check:
                faults.append(f"not accepted: {lines} {check.report.errors}")
                continue
            read = check.fields()
            for key in ("document_number", "nationality", "birth_date", "expiry_date"):
                if getattr(read, key) != facts[key]:
                    faults.append(f"{key} was read as {getattr(read, key)}: {lines}")
            if read.country != facts["issuing_state"]:
                faults.append(f"issuing State was read as {read.country}: {lines}")
            # A name that reaches the end of its field may have been cut, so it is compared as a beginning.
            whole = facts["surname"] + facts["given_names"]
            if len(whole) <= 24 and (read.surname, read.name) != (facts["surname"], facts["given_names"]):
                faults.append(f"name was read as {read.surname}, {read.name}: {lines}")
        say(f"mrz: our {form} is accepted and read alike", faults, len(documents))


def check_digits_are_theirs():
    done = subprocess.run([OURS, "write", str(COUNT), "8"], capture_output=True, text=True, check=True)
    faults, compared = [], 0
    for document in map(json.loads, done.stdout.splitlines()):
        lines, form = document["lines"], document["format"]
        for table, other in ((NUMBER, (1, 0, 9, 9)), (BIRTH, (1, 13, 19, 19)), (EXPIRY, (1, 21, 27, 27))):
            line, first, last, place = table.get(form, other)
            compared += 1
            if hash_string(lines[line][first:last]) != lines[line][place]:
                faults.append(f"{form} line {line + 1}, place {place + 1}: {lines}")
    say("mrz: our check digits are theirs", faults, compared)


def theirs():
    """Documents by the other writer: format, lines, and what we should read."""
    chance = random.Random(11)

    def word(least, most):
        return "".join(chance.choices(LETTERS, k=chance.randint(least, most)))

    for number in range(COUNT):
        form = list(CHECKERS)[number % 5]
        fields = {
            "document_number": "".join(chance.choices(LETTERS + "0123456789", k=chance.randint(6, 9))),
            "birth_date": f"{chance.randint(0, 99):02}{chance.randint(1, 12):02}{chance.randint(1, 28):02}",
            "expiry_date": f"{chance.randint(27, 36):02}{chance.randint(1, 12):02}{chance.randint(1, 28):02}",
            "surname": word(3, 12),
            "given_names": word(3, 10),
            "nationality": chance.choice(["UTO", "KAZ", "RUS", "D", "BLR"]),
            "issuing_state": chance.choice(["UTO", "KAZ", "D", "BLR"]),
        }
        sex = chance.choice("MF")
        names = (fields["surname"], fields["given_names"])
        state, nation = fields["issuing_state"], fields["nationality"]
        paper, born, ends = fields["document_number"], fields["birth_date"], fields["expiry_date"]
        if form == "TD1":
            made = TD1CodeGenerator("I", state, paper, born, sex, ends, nation, *names)
        elif form == "TD2":
            made = TD2CodeGenerator("I", state, *names, paper, nation, born, sex, ends)
        elif form == "TD3":
            made = TD3CodeGenerator("P", state, *names, paper, nation, born, sex, ends)
        elif form == "MRV-A":
            made = MRVACodeGenerator("V", state, *names, paper, nation, born, sex, ends)
        else:
            made = MRVBCodeGenerator("V", state, *names, paper, nation, born, sex, ends)
        yield form, str(made).splitlines(), fields


def theirs_are_read():
    documents = list(theirs())
    answers = we_read([lines for _, lines, _ in documents])
    for form in CHECKERS:
        faults, compared = [], 0
        for (of, lines, fields), answer in zip(documents, answers, strict=True):
            if of != form:
                continue
            compared += 1
            if answer.get("format") != form or answer.get("failed_checks") != []:
                faults.append(f"read as {answer}: {lines}")
                continue
            faults += [f"{key} was read as {answer[key]}: {lines}" for key in fields if answer[key] != fields[key]]
        say(f"mrz: their {form} is read", faults, compared)


def both_notice():
    """A changed check digit is noticed by both readers."""
    chance = random.Random(12)
    documents = []
    for form, lines, _ in theirs():
        line, _, _, place = NUMBER.get(form, (1, 0, 9, 9))
        wrong = str((int(lines[line][place]) + chance.randint(1, 9)) % 10)
        lines[line] = lines[line][:place] + wrong + lines[line][place + 1 :]
        documents.append((form, lines))
    faults = []
    for (form, lines), answer in zip(documents, we_read([lines for _, lines in documents]), strict=True):
        if CHECKERS[form]("\n".join(lines)):
            faults.append(f"they accept {lines}")
        if "document-number" not in answer.get("failed_checks", []):
            faults.append(f"we accept {lines}")
    say("mrz: a wrong check digit is noticed by both", faults, len(documents))


ours_are_accepted()
check_digits_are_theirs()
theirs_are_read()
both_notice()
