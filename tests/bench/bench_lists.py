"""Large lists from one server: a million keys below one prefix, 20,000 instances of one service.
What they take in time and memory, and what small requests notice of them meanwhile."""

import http.client
import json
import subprocess
import sys
import threading
import time

from bench_join import MemoryPeak, anonymous_bytes
from bench_measure import Bench, say
from bench_servers import Conclave, request

KEYS = 1_000_000
INSTANCES = 20_000
QUIET_S = 5
FILL_CONNECTIONS = 64
READ_BYTES = 1 << 20
GOAL_MEMORY_MB = 32
GOAL_SMALL_P99_MS = 10

# What is listed, and how; the first four concern keys, the others instances.
LISTS = {
    "keys, whole": ("/v1/kv/bench/?recurse", {}),
    "keys, names only": ("/v1/kv/bench/?keys", {}),
    "keys, pretty": ("/v1/kv/bench/?recurse&pretty", {}),
    "keys, gzip": ("/v1/kv/bench/?recurse", {"Accept-Encoding": "gzip"}),
    "health": ("/v1/health/service/web", {}),
    "health, passing": ("/v1/health/service/web?passing", {}),
    "catalog": ("/v1/catalog/service/web", {}),
    "catalog, filter": ("/v1/catalog/service/web?filter=ServicePort==77", {}),
}


def read_list(member, target, headers=None):
    """Seconds to the first byte and to the last, bytes, and the index."""
    connection = http.client.HTTPConnection("127.0.0.1", member.port, timeout=600)
    began = time.monotonic()
    connection.request("GET", target, headers=headers or {})
    response = connection.getresponse()
    first = time.monotonic() - began
    if response.status != 200:
        sys.exit(f"scripts/bench: {target}: {response.status} {response.read(200)}")
    size = 0
    while piece := response.read(READ_BYTES):
        size += len(piece)
    connection.close()
    return {"first_s": first, "last_s": time.monotonic() - began, "bytes": size,
            "index": int(response.headers["X-Consul-Index"])}


def register_instances(member, count):
    connection = http.client.HTTPConnection("127.0.0.1", member.port)
    for number in range(count):
        node = f"node-{number // 10:05}"
        connection.request("PUT", "/v1/catalog/register", json.dumps({
            "Node": node, "Address": "10.0.0.1",
            "Service": {"ID": f"web-{number}", "Service": "web", "Port": number % 1000,
                        "Tags": ["bench", "v1"], "Meta": {"zone": "a"}},
            "Check": {"Node": node, "CheckID": f"web-{number}", "Name": "alive",
                      "ServiceID": f"web-{number}",
                      "Status": "critical" if number % 4 == 0 else "passing"}}))
        response = connection.getresponse()
        if response.read() != b"true":
            sys.exit("scripts/bench: an instance could not be registered")
    connection.close()


class SmallRequests:
    """Reads of single keys, one after the other, beside the lists; stop() returns figures."""

    def __init__(self, bench, ensemble, seconds):
        command = bench.command(ensemble, "get", 1, keys=1000, seconds=seconds, warm_up=0)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)

    def stop(self):
        self.process.terminate()
        output, complaint = self.process.communicate()
        if self.process.returncode != 0:
            sys.exit(f"scripts/bench: small requests: {complaint.strip()}")
        return json.loads(output)


def measure_list(bench, ensemble, member, target, headers):
    memory, small = MemoryPeak(member.pid), SmallRequests(bench, ensemble, 600)
    time.sleep(0.2)
    before = anonymous_bytes(member.pid)
    memory.start()
    figures = read_list(member, target, headers)
    figures["memory_growth"] = max(memory.stop() - before, 0)
    figures["small_p99_us"] = small.stop()["p99_us"]
    return figures


def measure_blocking(member):
    """Seconds from a write below the prefix to the first byte of the whole list."""
    index = read_list(member, "/v1/kv/bench/?keys")["index"]
    told = {}

    def wait():
        told["figures"] = read_list(member, f"/v1/kv/bench/?keys&wait=10m&index={index}")
        told["at"] = time.monotonic()

    waiter = threading.Thread(target=wait)
    waiter.start()
    time.sleep(5)
    began = time.monotonic()
    request(member, "PUT", "/v1/kv/bench/zzz", b"changed")
    waiter.join()
    if told["figures"]["index"] <= index:
        sys.exit("scripts/bench: a blocking query was answered with nothing new")
    return told["at"] - began


def show(figures):
    print(f"{'list':<18}{'MB':>8}{'first byte':>12}{'last byte':>12}{'memory':>10}"
          f"{'small p99':>12}")
    worst_memory = worst_small = 0.0
    for name, row in figures["lists"].items():
        memory_mb, small_ms = row["memory_growth"] / 1e6, row["small_p99_us"] / 1e3
        worst_memory, worst_small = max(worst_memory, memory_mb), max(worst_small, small_ms)
        print(f"{name:<18}{row['bytes'] / 1e6:>8.1f}{row['first_s']:>10.2f} s"
              f"{row['last_s']:>10.2f} s{memory_mb:>7.1f} MB{small_ms:>9.2f} ms")
    print(f"small requests without a list: p99 {figures['quiet_p99_us'] / 1e3:.2f} ms; during "
          f"{worst_small:.2f} ms at worst, goal < {GOAL_SMALL_P99_MS} ms: "
          f"{'met' if worst_small < GOAL_SMALL_P99_MS else 'MISSED'}")
    print(f"anonymous memory: +{worst_memory:.1f} MB at worst, goal < {GOAL_MEMORY_MB} MB: "
          f"{'met' if worst_memory < GOAL_MEMORY_MB else 'MISSED'}")
    print(f"a blocking query of all keys is answered whole {figures['blocking_s']:.2f} s after a "
          "change")


def run(arguments):
    bench = Bench(arguments)
    ensemble = Conclave("conclave", 1, arguments.built)
    share = 10 if arguments.quick else 1
    bench.canary()
    try:
        ensemble.start()
        member = ensemble.leader()
        say(f"filling {KEYS // share} keys and {INSTANCES // share} instances")
        bench.load(ensemble, "fill", FILL_CONNECTIONS, keys=KEYS // share, value_bytes=100)
        register_instances(member, INSTANCES // share)
        small = SmallRequests(bench, ensemble, QUIET_S)
        time.sleep(QUIET_S)
        figures = {"quiet_p99_us": small.stop()["p99_us"], "lists": {}}
        for name, (target, headers) in LISTS.items():
            say(f"  {name}")
            figures["lists"][name] = measure_list(bench, ensemble, member, target, headers)
        say("  blocking")
        figures["blocking_s"] = measure_blocking(member)
    finally:
        ensemble.stop()
        ensemble.remove_files()
    show(figures)
    bench.print_canaries()
    bench.results.append({"workload": "lists", **figures})
    bench.save(arguments.json)
