"""A fourth server joins three that hold 1 GB, under write load: what the leader's clients and its
memory notice of it, and how long it takes until it votes."""

import json
import signal
import subprocess
import sys
import threading
import time

from bench_measure import Bench, say
from bench_servers import Conclave

VALUE_BYTES = 8 * 1024
STATE_BYTES = 1 << 30
# Not so many that the servers are saturated: then every latency is a queue's.
CONNECTIONS = 16
BEFORE_S = 15
PROMOTION_DEADLINE_S = 600
GOAL_LATENCY = 2.0
GOAL_MEMORY_MB = 32


def anonymous_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


class MemoryPeak(threading.Thread):
    """Most anonymous memory of a process, sampled until it is told to stop."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak = pid, 0
        self.ending = threading.Event()

    def run(self):
        while not self.ending.wait(0.05):
            self.peak = max(self.peak, anonymous_bytes(self.pid))

    def stop(self):
        self.ending.set()
        self.join()
        return self.peak


class WriteLoad:
    """Small writes at the leader, beside the large keys, until stopped; stop() returns figures."""

    def __init__(self, bench, ensemble):
        command = bench.command(ensemble, "put", CONNECTIONS, first_key=10_000_000, seconds=3600)
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        output, complaint = self.process.communicate()
        if self.process.returncode != 0:
            sys.exit(f"scripts/bench: write load: {complaint.strip()}")
        return json.loads(output)


def wait_until_it_votes(ensemble, joiner):
    deadline = time.monotonic() + PROMOTION_DEADLINE_S
    while not ensemble.votes(joiner):
        if joiner.process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"scripts/bench: {joiner.name} did not become a voter, see its log")
        time.sleep(0.1)


def measure(bench, ensemble, keys):
    say(f"filling {keys} keys of {VALUE_BYTES} bytes")
    bench.load(ensemble, "fill", 64, keys=keys, value_bytes=VALUE_BYTES)
    leader = ensemble.leader()
    say(f"writes at {CONNECTIONS} connections, {BEFORE_S} s without the newcomer")
    memory, load = MemoryPeak(leader.pid), WriteLoad(bench, ensemble)
    memory.start()
    time.sleep(BEFORE_S)
    before, memory_before = load.stop(), memory.stop()
    say("the fourth server joins")
    memory, load = MemoryPeak(leader.pid), WriteLoad(bench, ensemble)
    memory.start()
    joiner = ensemble.add()
    began = time.monotonic()
    joiner.launch()
    wait_until_it_votes(ensemble, joiner)
    took = time.monotonic() - began
    during, memory_during = load.stop(), memory.stop()
    if ensemble.leader() is not leader:
        sys.exit("scripts/bench: the leader changed meanwhile; the figures are not one server's")
    return {"before": before, "during": during, "seconds_until_voter": took,
            "memory_before": memory_before, "memory_during": memory_during}


def show(figures):
    before, during = figures["before"], figures["during"]
    ratio = during["p99_us"] / before["p99_us"]
    growth = (figures["memory_during"] - figures["memory_before"]) / 1e6
    print(f"voter after {figures['seconds_until_voter']:.1f} s; writes before "
          f"{before['per_second']:.0f}/s, during {during['per_second']:.0f}/s")
    print(f"p99 of writes at the leader: before {before['p99_us'] / 1e3:.2f} ms, during "
          f"{during['p99_us'] / 1e3:.2f} ms: {ratio:.2f} times, goal <= {GOAL_LATENCY}: "
          f"{'met' if ratio <= GOAL_LATENCY else 'MISSED'}")
    print(f"leader's anonymous memory: {figures['memory_before'] / 1e6:.1f} MB at most before, "
          f"{growth:+.1f} MB during, goal < {GOAL_MEMORY_MB} MB: "
          f"{'met' if growth < GOAL_MEMORY_MB else 'MISSED'}")


def run(arguments):
    bench = Bench(arguments)
    ensemble = Conclave("conclave", 3, arguments.built)
    keys = STATE_BYTES // VALUE_BYTES // (16 if arguments.quick else 1)
    bench.canary()
    try:
        ensemble.start()
        figures = measure(bench, ensemble, keys)
    finally:
        ensemble.stop()
        ensemble.remove_files()
    bench.canary()
    show(figures)
    bench.print_canaries()
    bench.results.append({"workload": "join", **figures})
    bench.save(arguments.json)
