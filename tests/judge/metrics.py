"""The metrics of a station and its intake, as a real Prometheus and its `promtool` take them.

A whole simulated station enrols travellers; then Prometheus scrapes both addresses. Both targets have to be up, with every
sample that the text shows, and with the numbers that the pages of the station and of the intake show. Both forms of the
text are looked at: OpenMetrics, which Prometheus asks for, and the older one, which `promtool check metrics` reads.
"""

import contextlib
import csv
import http.client
import io
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

BIN = os.path.abspath(os.environ.get("GATEPOST_BIN", "target/release"))
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
# How long something may take that comes by itself, in seconds.
SOON = 60
SHIFT = ["child-of-five", "adult", "belarus"]

failed = False


def check(name, problems, said=""):
    global failed
    failed = failed or bool(problems)
    told = f": {said}" if said else ""
    print(f"FAIL metrics: {name}: {'; '.join(problems)[:600]}" if problems else f"PASS metrics: {name}{told}", flush=True)


def free_ports(count):
    with contextlib.ExitStack() as all_of_them:
        sockets = [all_of_them.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def read(url, accept=None):
    request = urllib.request.Request(url, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def until(what, look):
    end = time.monotonic() + SOON
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            seen = look()
            if seen:
                return seen
        time.sleep(0.2)
    raise RuntimeError(f"waited {SOON} s for {what}")


class Desk:
    """A simulated station with its devices and its intake, in a folder of its own."""

    def __init__(self, folder, running):
        self.folder, self.running = folder, running
        ports = free_ports(9)
        self.pages, camera, page, self.link, self.provisioning, sbi, self.station, self.admin, self.prometheus = ports
        self.config = self.path("config", "station.toml")
        os.makedirs(self.path("config"))
        os.makedirs(self.path("credentials"))
        with open(self.path("credentials", "gatepost-passphrase"), "w") as file:
            file.write("the passphrase of a judge\n")
        shutil.copytree("config/policies", self.path("config", "policies"))
        shutil.copy("config/thresholds.toml", self.path("config"))
        os.symlink(os.path.abspath("models"), self.path("models"))
        self.configure(camera, sbi)
        self.start_intake()
        self.start_devices(camera, page, sbi)
        self.provision()
        serve = ["serve", "--config", self.config, "--data", self.path("station")]
        self.start("gatepost", *serve)
        until("the station", lambda: read(f"{self.address}/health"))
        until("the devices", lambda: all(d["state"] == "ready" for d in self.health()["devices"]))

    @property
    def address(self):
        return f"http://localhost:{self.pages}"

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def configure(self, camera, sbi):
        with open("config/station.toml") as file:
            text = file.read()
        for old, new in [
            ("localhost:8600", f"localhost:{self.pages}"), ("127.0.0.1:8600", f"127.0.0.1:{self.pages}"),
            ("localhost:8610", f"localhost:{camera}"), ("localhost:8620", f"localhost:{self.link}"),
            ("8630, 8630", f"{sbi}, {sbi}"), ("target/demo/devices", self.path("devices")),
            ("[lookup]", f'[metrics]\nlisten = "127.0.0.1:{self.station}"\n\n[lookup]'),
        ]:
            if old not in text:
                raise RuntimeError(f"station.toml does not hold {old}")
            text = text.replace(old, new)
        with open(self.config, "w") as file:
            file.write(text)

    def run(self, program, *words, may_fail=False):
        keys = {**os.environ, "CREDENTIALS_DIRECTORY": self.path("credentials"), "NO_COLOR": "1"}
        done = subprocess.run([f"{BIN}/{program}", *words], capture_output=True, text=True, env=keys, check=False)
        if done.returncode and not may_fail:
            raise RuntimeError(f"{program} {words[0]}: {done.stdout}{done.stderr}"[-600:])
        return done.stdout

    def start(self, program, *words):
        quiet = {**os.environ, "CREDENTIALS_DIRECTORY": self.path("credentials"), "GATEPOST_LOG": "warn", "RUST_LOG": "warn"}
        log = self.running.enter_context(open(self.path(f"{os.path.basename(program)}.log"), "a"))
        command = [program if os.path.isabs(program) else f"{BIN}/{program}", *words]
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=quiet)
        self.running.callback(end, child)

    def start_intake(self):
        self.run("gatepost-intake", "init", "--mode", "demonstration", "--data", self.path("intake"))
        with open(self.path("intake", "intake.toml")) as file:
            text = file.read()
        with open(self.path("intake", "intake.toml"), "w") as file:
            file.write(re.sub(r'# admin_listen = "[^"]*"', f'admin_listen = "127.0.0.1:{self.admin}"', text))
        listen = ["--listen", f"127.0.0.1:{self.link}", "--provisioning", f"127.0.0.1:{self.provisioning}"]
        self.start("gatepost-intake", "serve", "--data", self.path("intake"), *listen)
        until("the intake", lambda: read(f"http://127.0.0.1:{self.admin}/stations"))

    def start_devices(self, camera, page, sbi):
        ports = ["--camera-port", str(camera), "--page-port", str(page), "--sbi", str(sbi)]
        self.start("gatepost-sim", "serve", "--dir", self.path("devices"), *ports)
        until("the simulated devices", lambda: os.path.exists(self.path("devices", "control.sock")))

    def provision(self):
        people = ["officer:anna:2468", "supervisor:boris:1357", "auditor:dina:9753", "administrator:vera:8642"]
        here = ["--config", self.config, "--data", self.path("station")]
        self.run("gatepost", "init", *here, *[f"--person={person}" for person in people])
        invited = self.run("gatepost-intake", "invite", "--data", self.path("intake"), "--station", "S1")
        said = dict(line.split(None, 1) for line in invited.splitlines() if len(line.split(None, 1)) == 2)
        with open(self.path("code"), "w") as file:
            file.write(said["code"].strip())
        to = ["--intake", f"https://localhost:{self.provisioning}", "--authority", said["authority"].strip()]
        self.run("gatepost", "provision", *here, *to, "--code-file", self.path("code"))

    def health(self):
        return json.loads(read(f"{self.address}/health")[1])

    def shift(self):
        people = ["--officer", "anna:2468", "--supervisor", "boris:1357", "--report", self.path("report.json")]
        who = ["--scripts", ",".join(SHIFT), "--travellers", str(len(SHIFT))]
        at = ["--station", self.address, "--control", self.path("devices", "control.sock")]
        # How their cases end is for other tests: whatever it is, all have to count it alike.
        self.run("gatepost-sim", "shift", *at, *people, *who, may_fail=True)
        until("every record to leave", lambda: self.health()["queued"] == 0)

    def figures(self):
        """The administrator's file of the shift: the values by section and item."""
        station = http.client.HTTPConnection("localhost", self.pages, timeout=10)
        form = urllib.parse.urlencode({"person": "vera", "pin": "8642"})
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.address}
        station.request("POST", "/login", form, kind)
        answer = station.getresponse()
        answer.read()
        # Python keeps no Secure cookie of plain HTTP; a browser does, on loopback.
        cookie = (answer.headers["Set-Cookie"] or f"none after {answer.status}").partition(";")[0]
        station.request("GET", "/administrator/figures.csv", headers={"Cookie": cookie})
        rows = csv.reader(io.StringIO(station.getresponse().read().decode()))
        return {(row[1], row[2]): float(row[3]) for row in list(rows)[1:]}


def end(child):
    child.terminate()
    try:
        child.wait(15)
    except subprocess.TimeoutExpired:
        child.kill()


def samples(text):
    """Names with their labels, and values, as they stand in a text."""
    lines = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


class Prometheus:
    """Debian's server on data of its own, which scrapes both."""

    def __init__(self, desk):
        self.address = f"http://127.0.0.1:{desk.prometheus}"
        config = desk.path("prometheus.yml")
        jobs = [{"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
                for job, port in [("station", desk.station), ("intake", desk.admin)]]
        with open(config, "w") as file:
            json.dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}, file)
        subprocess.run(["promtool", "check", "config", config], check=True, capture_output=True)
        data = ["--storage.tsdb.path", desk.path("tsdb"), "--web.listen-address", self.address.removeprefix("http://")]
        desk.start(shutil.which("prometheus"), "--config.file", config, *data)

    def ask(self, path, **words):
        return json.loads(read(f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(words)}")[1])["data"]

    def value(self, query):
        found = self.ask("query", query=query)["result"]
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def targets(self):
        active = {one["labels"]["job"]: one for one in self.ask("targets")["activeTargets"]}
        return active if len(active) == 2 and all(one["lastScrape"] > "1" for one in active.values()) else None


def texts(desk):
    for job, port in [("station", desk.station), ("intake", desk.admin)]:
        kind, newer = read(f"http://127.0.0.1:{port}/metrics", OPEN_METRICS)
        plain, older = read(f"http://127.0.0.1:{port}/metrics")
        problems = [] if kind.startswith("application/openmetrics-text") and newer.endswith("# EOF\n") else [kind]
        problems += [] if plain.startswith("text/plain; version=0.0.4") and "# EOF" not in older else [plain]
        problems += [] if samples(newer).keys() == samples(older).keys() else ["the two texts hold other samples"]
        check(f"{job}: each asks for its form of the text", problems, f"{len(samples(older))} samples")
        done = subprocess.run(["promtool", "check", "metrics"], input=older, capture_output=True, text=True, check=False)
        complaints = (done.stdout + done.stderr).strip()
        check(f"{job}: promtool check metrics", [complaints or f"status {done.returncode}"] if done.returncode else [])


def scraped(desk):
    prometheus = Prometheus(desk)
    targets = until("both targets to be scraped", prometheus.targets)
    up = [f"{job}: {one['health']} {one['lastError']}" for job, one in targets.items() if one["health"] != "up"]
    check("both targets are up", up)
    for job, port in [("station", desk.station), ("intake", desk.admin)]:
        shown = samples(read(f"http://127.0.0.1:{port}/metrics", OPEN_METRICS)[1])
        missing = [name for name in shown if prometheus.value(with_job(name, job)) is None]
        check(f"{job}: every sample of the text is there", missing, f"{len(shown)} samples")
    figures, health, intake = desk.figures(), desk.health(), desk.run("gatepost-intake", "list", "--json", "--data",
                                                                      desk.path("intake"))
    page = re.sub("<[^>]*>", " ", read(f"http://127.0.0.1:{desk.admin}/stations")[1])
    outcomes = {item: value for (section, item), value in figures.items() if section == "outcome" and value}
    pairs = [(f'gatepost_station_cases_total{{outcome="{item}"}}', value) for item, value in outcomes.items()]
    for (section, slot), value in figures.items():
        if section == "attempts-accepted":
            pairs.append((f'gatepost_station_capture_attempts_total{{slot="{slot}",result="accepted"}}', value))
    pairs += [
        ("sum(gatepost_station_cases_total)", sum(outcomes.values())),
        ("gatepost_station_queued_records", health["queued"]),
        ("sum(gatepost_station_device_ready)", len(health["devices"])),
        ("gatepost_intake_records", len(intake.splitlines())),
        ('gatepost_intake_envelopes_total{outcome="new"}', len(intake.splitlines())),
        ("gatepost_intake_stations", len(re.findall(r"\bS1\b", page))),
    ]
    wrong = [f"{query} is {prometheus.value(query)} and not {value}" for query, value in pairs
             if prometheus.value(query) != value]
    check("what Prometheus has is what the pages say", wrong, f"{len(pairs)} values")


def with_job(name, job):
    metric, _, labels = name.partition("{")
    return f'{metric}{{job="{job}"{"," + labels if labels else "}"}'


def main():
    missing = [program for program in ["prometheus", "promtool"] if not shutil.which(program)]
    if missing:
        print(f"SKIPPED metrics: {' and '.join(missing)} cannot be found; Debian's package `prometheus` has both")
        return
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        desk = Desk(folder, running)
        desk.shift()
        texts(desk)
        scraped(desk)


main()
sys.exit(1 if failed else 0)
