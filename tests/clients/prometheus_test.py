"""The installed Prometheus with a consul_sd_configs job, unmodified: its targets follow the
catalog.

Oracle: Prometheus' own /api/v1/targets. What it needs of a server is contract section 19.

Debian packages Prometheus without this discovery. There the discovery runs beside it: Prometheus'
own code of it, from the Go module proxy, writes what it finds to a file that Prometheus reads
(go/discovery/main.go). The file is then the only thing that is not as on other machines.
"""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from server_process import ServerProcess, free_port

HERE = pathlib.Path(__file__).resolve().parent
PROMETHEUS = shutil.which("prometheus")
if not PROMETHEUS:
    print("skipped: prometheus is not installed (scripts/deps test)")
    sys.exit(77)

# What it takes to be told of a change, ten times over: it waits at most five seconds after one.
DEADLINE_S = 120

DISCOVERY = {
    "consul_sd_configs": "{{server: {server}, tags: [scraped]}}",
    "file_sd_configs": "{{files: [{file}], refresh_interval: 1s}}",
}
CONFIG = """
global:
  scrape_interval: 1s
scrape_configs:
  - job_name: conclave
    {kind}: [{discovery}]
    relabel_configs:
      - source_labels: [__meta_consul_service]
        target_label: service
      - source_labels: [__meta_consul_tags]
        target_label: tags
      - source_labels: [__meta_consul_node]
        target_label: node
      - source_labels: [__meta_consul_dc]
        target_label: dc
      - source_labels: [__meta_consul_health]
        target_label: health
      - source_labels: [__meta_consul_service_metadata_path]
        regex: (.+)
        target_label: __metrics_path__
"""


def knows_consul():
    """Was the installed Prometheus built with this discovery?"""
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as config:
        config.write("scrape_configs: [{job_name: a, consul_sd_configs: [{server: a}]}]")
        config.flush()
        checked = subprocess.run(["promtool", "check", "config", config.name],
                                 capture_output=True, check=False)
        return checked.returncode == 0


def build_discovery():
    """The program that discovers in its place; exits 77 where it cannot be built."""
    if not shutil.which("go"):
        print("skipped: this Prometheus has no consul_sd_configs, and there is no Go toolchain")
        sys.exit(77)
    program = pathlib.Path(os.environ["CONCLAVE_CLIENT_DIR"], "go", "discovery")
    program.parent.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE / "go" / "discovery",
                           capture_output=True, text=True, check=False)
    if built.returncode != 0:
        print("skipped: this Prometheus has no consul_sd_configs, and go build failed, perhaps "
              f"there is no module proxy:\n{built.stderr}")
        sys.exit(77)
    return program


class Prometheus:
    """The installed program on a free port, with that server to ask; `discovery`: the program that
    asks in its place, None where it can itself."""

    def __init__(self, server, discovery):
        self.scratch = tempfile.mkdtemp(prefix="conclave-prometheus-")
        self.port = free_port()
        self.log = open(pathlib.Path(self.scratch, "log"), "w+", encoding="utf-8")
        self.processes = []
        found = pathlib.Path(self.scratch, "found.json")
        words = {"server": server, "file": found}
        job = DISCOVERY["consul_sd_configs"].format(**words)
        if discovery:
            self.start(discovery, self.write("job.yml", job), found)
            job = DISCOVERY["file_sd_configs"].format(**words)
        kind = "file_sd_configs" if discovery else "consul_sd_configs"
        config = self.write("prometheus.yml", CONFIG.format(kind=kind, discovery=job))
        self.start(PROMETHEUS, f"--config.file={config}",
                   f"--storage.tsdb.path={self.scratch}/data",
                   f"--web.listen-address=127.0.0.1:{self.port}")

    def write(self, name, text):
        path = pathlib.Path(self.scratch, name)
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *words):
        self.processes.append(
            subprocess.Popen(words, cwd=self.scratch, stdout=self.log, stderr=self.log))

    def targets(self):
        """Its active targets; none while it starts."""
        try:
            with urllib.request.urlopen(
                    f"http://127.0.0.1:{self.port}/api/v1/targets?state=active",
                    timeout=10) as answer:
                return json.load(answer)["data"]["activeTargets"]
        except OSError:
            return []

    def wait_for(self, expected, what):
        """Until the targets are those, by that view of each; the targets."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            targets = self.targets()
            if sorted(what(target) for target in targets) == sorted(expected):
                return targets
            time.sleep(0.1)
        self.log.seek(0)
        raise AssertionError(f"not within {DEADLINE_S} s: {expected}, but {targets}\n"
                             f"{self.log.read()[-4000:]}")

    def close(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


def address(target):
    return target["discoveredLabels"]["__address__"]


def label(name):
    return lambda target: target["labels"].get(name, "")


class PrometheusTest(unittest.TestCase):
    def test_targets_appear_change_and_disappear(self):
        discovery = None if knows_consul() else build_discovery()
        with ServerProcess() as server:
            prometheus = Prometheus(server.address, discovery)
            self.addCleanup(prometheus.close)
            self.follow(server, prometheus)

    def follow(self, server, prometheus):
        def register(identity, port, tags=("scraped",), **more):
            body = {"ID": identity, "Name": "web", "Address": "127.0.0.1", "Port": port,
                    "Tags": list(tags), **more}
            self.assertEqual(server.put("/v1/agent/service/register", body).status, 200)

        # Appear: only those with the tag.
        register("web-1", server.http_port, Meta={"path": "/metrics"})
        register("hidden", 1, tags=("quiet",))
        [target] = prometheus.wait_for([f"127.0.0.1:{server.http_port}"], address)
        labels = target["labels"]
        self.assertEqual((labels["service"], labels["tags"], labels["node"], labels["dc"],
                          labels["health"]), ("web", ",scraped,", "test-node", "dc1", "passing"))
        # It scrapes what it was told of: the server itself.
        prometheus.wait_for(["up"], lambda target: target["health"])

        register("web-2", 2)
        prometheus.wait_for([f"127.0.0.1:{server.http_port}", "127.0.0.1:2"], address)

        # Change: port, tags, health.
        register("web-2", 3, tags=("scraped", "v2"))
        prometheus.wait_for([f"127.0.0.1:{server.http_port}", "127.0.0.1:3"], address)
        prometheus.wait_for([",scraped,", ",scraped,v2,"], label("tags"))
        server.put("/v1/agent/service/maintenance/web-2?enable=true")
        prometheus.wait_for(["passing", "maintenance"], label("health"))

        # Disappear.
        server.put("/v1/agent/service/deregister/web-2")
        prometheus.wait_for([f"127.0.0.1:{server.http_port}"], address)
        server.put("/v1/agent/service/deregister/web-1")
        prometheus.wait_for([], address)


if __name__ == "__main__":
    unittest.main()
