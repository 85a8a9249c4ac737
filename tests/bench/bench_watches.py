"""10,000 blocking queries on one server, from another process: what they cost while nothing
happens, and who is woken how fast when something does."""

import os
import resource
import statistics
import sys
import time

from bench_join import anonymous_bytes
from bench_measure import Bench, say
from bench_servers import Conclave, request
from watch_clients import WatchClients

WATCHES = 10_000
IDLE_S = 20
ROUNDS = 5
# How long nobody else must hear of a write that concerns one.
QUIET_S = 1.0
GOAL_IDLE_CPU = 0.01
GOAL_ALL_S = 0.5
GOAL_BYTES = 4096


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Watching:
    """Blocking queries, one a connection; `target(number)` ends in index=."""

    def __init__(self, member, count, target):
        self.member, self.target = member, target
        self.clients = WatchClients(member.port, count)
        self.count = count
        self.indexes = {}
        self.answered = set()

    def learn(self):
        """Asks everybody for the index to wait from."""
        for number in range(self.count):
            self.clients.send(number, self.target(number) + "0")
        self.take(self.count)

    def park(self, numbers):
        for number in numbers:
            self.clients.send(number, f"{self.target(number)}{self.indexes[number]}")
        time.sleep(0.5)

    def take(self, count):
        answers, last = self.clients.collect(count, 60)
        if len(answers) != count:
            sys.exit(f"scripts/bench: {len(answers)} of {count} blocking queries were answered")
        self.indexes.update(answers)
        self.answered = set(answers)
        return last


def measure_memory(member, count, target):
    """Bytes of anonymous memory for each parked query."""
    before = anonymous_bytes(member.pid)
    watching = Watching(member, count, target)
    watching.learn()
    watching.park(range(count))
    return watching, (anonymous_bytes(member.pid) - before) / count


def wake_one(watching, write):
    """Milliseconds from a write to the one whom it concerns; nobody else may hear of it."""
    spans = []
    for number in range(ROUNDS):
        began = time.monotonic()
        write(number)
        spans.append(1e3 * (watching.take(1) - began))
        others, _ = watching.clients.collect(1, QUIET_S)
        if others or watching.answered != {number}:
            sys.exit("scripts/bench: a write woke somebody whom it does not concern")
        watching.park([number])
    return statistics.median(spans)


def wake_all(watching, write):
    """Milliseconds from a write to the last of all."""
    spans = []
    for number in range(ROUNDS):
        began = time.monotonic()
        write(number)
        spans.append(1e3 * (watching.take(watching.count) - began))
        watching.park(range(watching.count))
    return statistics.median(spans), max(spans)


class Kind:
    """One kind of blocking queries on a server that was just started."""

    def __init__(self, ensemble, count, target):
        ensemble.restart()
        self.member = ensemble.leader()
        self.watching, self.bytes_per_query = measure_memory(self.member, count, target)

    def put(self, key, value):
        request(self.member, "PUT", f"/v1/kv/{key}", value.encode())

    def close(self):
        self.watching.clients.close()


def measure_own(ensemble, count, idle_s):
    say(f"{count} queries, each of a key of its own")
    for number in range(count):
        request(ensemble.leader(), "PUT", f"/v1/kv/own/{number}", b"x")
    kind = Kind(ensemble, count, lambda number: f"/v1/kv/own/{number}?wait=10m&index=")
    say(f"idle for {idle_s} s")
    cpu, began = cpu_seconds(kind.member.pid), time.monotonic()
    time.sleep(idle_s)
    idle = (cpu_seconds(kind.member.pid) - cpu) / (time.monotonic() - began)
    one_ms = wake_one(kind.watching, lambda turn: kind.put(f"own/{turn}", f"one {turn}"))
    kind.close()
    return {"idle_cpu": idle, "wake_one_ms": one_ms, "bytes": kind.bytes_per_query}


def measure_shared(ensemble, count, target):
    """Queries that all wait for the keys below "all/"."""
    request(ensemble.leader(), "PUT", "/v1/kv/all/key", b"x")
    kind = Kind(ensemble, count, target)
    spans = wake_all(kind.watching, lambda turn: kind.put("all/key", f"all {turn}"))
    kind.close()
    return {"wake_all_ms": spans, "bytes": kind.bytes_per_query}


def measure(ensemble, count, idle_s):
    own = measure_own(ensemble, count, idle_s)
    say(f"{count} different queries of one prefix: each is evaluated")
    different = measure_shared(
        ensemble, count, lambda number: f"/v1/kv/all/?recurse&who={number}&wait=10m&index=")
    say(f"{count} times the same query: evaluated once")
    same = measure_shared(ensemble, count, lambda number: "/v1/kv/all/?recurse&wait=10m&index=")
    return {"queries": count, "idle_cpu": own["idle_cpu"], "wake_one_ms": own["wake_one_ms"],
            "bytes_per_query": {"own": own["bytes"], "different": different["bytes"],
                                "same": same["bytes"]},
            "wake_all_ms": {"different": different["wake_all_ms"], "same": same["wake_all_ms"]}}


def show(figures):
    verdict = lambda met: "met" if met else "MISSED"
    print(f"{figures['queries']} blocked queries")
    idle = figures["idle_cpu"]
    print(f"idle CPU: {100 * idle:.2f} % of a core, goal < {100 * GOAL_IDLE_CPU:.0f} %: "
          f"{verdict(idle < GOAL_IDLE_CPU)}")
    print(f"a write that concerns one: told after {figures['wake_one_ms']:.2f} ms, and nobody else")
    for kind, (median, worst) in figures["wake_all_ms"].items():
        print(f"a write that concerns all, {kind} queries: all told after {median:.0f} ms (worst "
              f"{worst:.0f}), goal < {1e3 * GOAL_ALL_S:.0f} ms: "
              f"{verdict(median < 1e3 * GOAL_ALL_S)}")
    for kind, used in figures["bytes_per_query"].items():
        print(f"anonymous memory, {kind} queries: {used:.0f} bytes each, goal <= {GOAL_BYTES}: "
              f"{verdict(used <= GOAL_BYTES)}")


def run(arguments):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    bench = Bench(arguments)
    ensemble = Conclave("conclave", 1, arguments.built)
    bench.canary()
    try:
        ensemble.start()
        figures = measure(ensemble, WATCHES // (10 if arguments.quick else 1),
                          arguments.seconds or (5 if arguments.quick else IDLE_S))
    finally:
        ensemble.stop()
        ensemble.remove_files()
    show(figures)
    bench.results.append({"workload": "watches", **figures})
    bench.save(arguments.json)
