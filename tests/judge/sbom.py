"""CycloneDX's own library reads the bills of materials of the packages: schema, references, and that nothing is left out.

The packages are made by `cargo xtask package`, in target/package; here they are made of the programs of the release build.
"""

import glob
import json
import subprocess
import sys
import tomllib

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

failed = False


def check(name, why):
    global failed
    failed = failed or bool(why)
    print(f"FAIL {name}: {why}" if why else f"PASS {name}")


# Only the bills are of interest, and they do not depend on how the programs were built.
made = subprocess.run(["cargo", "xtask", "package", "--prebuilt", "target/release"], capture_output=True, text=True)
check("packages are made", made.returncode and made.stderr.strip().replace("\n", " ")[-400:])
bills = sorted(glob.glob("target/package/tree/*/usr/share/doc/*/sbom.cdx.json"))
check("every package has a bill", None if len(bills) == 4 else f"{bills}")
with open("Cargo.lock", "rb") as lock:
    locked = {(one["name"], one["version"]): one.get("checksum") for one in tomllib.load(lock)["package"]}

for path in bills:
    name = path.split("/")[3]
    with open(path, encoding="utf-8") as file:
        text = file.read()
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    check(f"{name}: the schema of CycloneDX 1.6", errors and str(errors)[:400])
    bill = json.loads(text)
    refs = [one["bom-ref"] for one in bill["components"]]
    check(f"{name}: every reference is of one component", None if len(refs) == len(set(refs)) else "doubles")
    known = set(refs) | {bill["metadata"]["component"]["bom-ref"]}
    named = {ref for one in bill["dependencies"] for ref in [one["ref"], *one["dependsOn"]]}
    check(f"{name}: dependencies are components", ", ".join(sorted(named - known)))
    # From the package down, everything is reached.
    below = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    reached, todo = set(), [bill["metadata"]["component"]["bom-ref"]]
    while todo:
        ref = todo.pop()
        if ref not in reached:
            reached.add(ref)
            todo.extend(below.get(ref, []))
    check(f"{name}: every component is reached", ", ".join(sorted(known - reached))[:400])
    wrong = []
    for one in bill["components"]:
        if one["bom-ref"].startswith("pkg:cargo/"):
            digest = [value["content"] for value in one.get("hashes", [])]
            expected = locked.get((one["name"], one["version"]), "not in Cargo.lock")
            if digest != ([expected] if expected else []):
                wrong.append(one["bom-ref"])
    check(f"{name}: digests of crates are those of Cargo.lock", ", ".join(wrong))

sys.exit(failed)
