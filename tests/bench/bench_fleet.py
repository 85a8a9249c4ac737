"""5,000 agents with 100,000 service instances at three real servers: what they cost while nothing
changes, how fast a change reaches all of them, and whether restarts of the servers are noticed."""

import json
import os
import pathlib
import statistics
import sys
import time

from bench_join import anonymous_bytes
from bench_measure import say
from bench_servers import ROOT, WORK
from bench_watches import cpu_seconds

sys.path.insert(0, str(ROOT / "tests" / "support"))

AGENTS = 5_000
QUICK_AGENTS = 200
SERVICES = 20
CHANGES = 5
IDLE_S = 20
GOAL_LEADER_CPU = 0.25
GOAL_ALL_MS = 1_000


def metric(node, name):
    for line in node.get("/metrics").text().splitlines():
        if line.startswith(name + " "):
            return int(float(line.split()[1]))
    sys.exit(f"scripts/bench: {node.node} has no metric {name}")


class Servers:
    """The cluster's processes, as the kernel sees them."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.leader = cluster.wait_for_leader()

    def pids(self):
        followers = [member for member in self.cluster.members if member is not self.leader]
        return [member.process.pid for member in (self.leader, *followers)]

    def memory(self):
        """Anonymous bytes, the leader's first."""
        return [anonymous_bytes(pid) for pid in self.pids()]

    def state_bytes(self):
        directory = pathlib.Path(self.leader.data_dir) / "state"
        return sum(path.stat().st_blocks * 512 for path in directory.rglob("*") if path.is_file())

    def log_bytes(self):
        """Written to the leader's log since its start."""
        return metric(self.leader, "consul_raft_wal_bytes")

    def idle_cpu(self, seconds):
        """Shares of a core, the leader's first."""
        pids = self.pids()
        before, began = [cpu_seconds(pid) for pid in pids], time.monotonic()
        time.sleep(seconds)
        span = time.monotonic() - began
        return [(cpu_seconds(pid) - was) / span for pid, was in zip(pids, before)]


def measure_steady(fleet, servers, idle_s):
    """What the fleet costs while its servers run on."""
    figures = {"memory_empty": servers.memory()}
    say(f"{fleet.agents} agents find a server and become members")
    figures["link_s"] = fleet.ask("link")["seconds"]
    time.sleep(3)
    figures["memory_agents"] = servers.memory()
    say(f"nothing happens for {idle_s} s")
    figures["cpu_leases"] = servers.idle_cpu(idle_s)
    say(f"{fleet.agents * fleet.services} instances are registered")
    figures["state_before"], log = servers.state_bytes(), servers.log_bytes()
    figures["register_s"] = fleet.ask("register")["seconds"]
    time.sleep(3)
    figures["memory_instances"] = servers.memory()
    figures["state_instances"] = servers.state_bytes()
    figures["log_instances"] = servers.log_bytes() - log
    say("all wait for news of one service")
    figures["body_bytes"] = fleet.ask("watch")["body_bytes"]
    time.sleep(3)
    figures["memory_watching"] = servers.memory()
    say(f"nothing happens for {idle_s} s")
    log = servers.log_bytes()
    figures["cpu_watching"] = servers.idle_cpu(idle_s)
    figures["log_idle_per_s"] = (servers.log_bytes() - log) / idle_s
    say(f"one instance changes, {CHANGES} times")
    changes = fleet.ask(f"change {CHANGES}")
    figures["half_ms"], figures["all_ms"] = changes["half_ms"], changes["all_ms"]
    return figures


def measure_restarts(fleet):
    """All servers restarted under the fleet; then the detector is tried: one agent really dies."""
    from fleet import LEASE_S, Alarms, restart_all
    say("the servers restart, one after the other")
    alarms = Alarms(fleet.cluster)
    spans = restart_all(fleet)
    said, changed = alarms.find()
    failed = fleet.ask("count")["failed_queries"]
    say("one agent falls silent, which has to be noticed")
    fleet.ask("end 1")
    died = time.monotonic()
    while alarms.find()[0] == said and time.monotonic() < died + 4 * LEASE_S:
        time.sleep(0.2)
    noticed = alarms.find()
    return {"back_s": spans, "false_alarms": max(said, len(changed)), "failed_queries": failed,
            "real_alarms": noticed[0] - said, "noticed_s": time.monotonic() - died}


def verdict(met):
    return "met" if met else "MISSED"


def kilobytes(after, before, count):
    return ", ".join(f"{(one - other) / count / 1e3:.2f}" for one, other in zip(after, before))


def show_steady(figures, agents, instances):
    shares = lambda values: ", ".join(f"{100 * value:.1f}" for value in values)
    print(f"{agents} agents, {instances} instances; servers in the order leader, followers")
    print(f"members after {figures['link_s']:.1f} s: {agents / figures['link_s']:.0f}/s")
    print(f"registered after {figures['register_s']:.1f} s: "
          f"{instances / figures['register_s']:.0f} instances/s")
    print(f"CPU, nothing happens, agents only: {shares(figures['cpu_leases'])} % of a core")
    leader = max(figures["cpu_leases"][0], figures["cpu_watching"][0])
    print(f"CPU, nothing happens, all registered and watching: {shares(figures['cpu_watching'])} "
          f"% of a core; leader's goal < {100 * GOAL_LEADER_CPU:.0f} %: "
          f"{verdict(leader < GOAL_LEADER_CPU)}")
    print(f"a change reaches {agents} agents ({figures['body_bytes']} bytes each): half after "
          f"{statistics.median(figures['half_ms']):.0f} ms, all after "
          f"{statistics.median(figures['all_ms']):.0f} ms, at worst {max(figures['all_ms']):.0f} "
          f"ms; goal < {GOAL_ALL_MS} ms: {verdict(max(figures['all_ms']) < GOAL_ALL_MS)}")
    memory = {name: figures[f"memory_{name}"]
              for name in ("empty", "agents", "instances", "watching")}
    print(f"anonymous memory, kB an agent: {kilobytes(memory['agents'], memory['empty'], agents)}; "
          f"an instance: {kilobytes(memory['instances'], memory['agents'], instances)}; "
          f"a watch: {kilobytes(memory['watching'], memory['instances'], agents)}")
    print(f"anonymous memory, MB in all: {', '.join(f'{x / 1e6:.0f}' for x in memory['watching'])}")
    state = (figures["state_instances"] - figures["state_before"]) / instances
    print(f"state on disk: {state:.0f} bytes an instance")
    print(f"log: {figures['log_instances'] / instances:.0f} bytes for the registration of an "
          f"instance, {figures['log_idle_per_s']:.0f} bytes/s while nothing happens")


def show_restarts(figures):
    print(f"servers restarted one after another: agents had servers again after "
          f"{', '.join(f'{span:.1f}' for span in figures['back_s'])} s; "
          f"{figures['failed_queries']} queries failed")
    print(f"false alarms: {figures['false_alarms']}, goal 0: "
          f"{verdict(figures['false_alarms'] == 0)}")
    print(f"an agent that really fell silent was noticed {figures['real_alarms']} times, after "
          f"{figures['noticed_s']:.1f} s: {verdict(figures['real_alarms'] == 1)}")


def run(arguments):
    # Where the test's servers find the program, and put their files: on the disk of the bench.
    os.environ["CONCLAVE_BINARY"] = str(arguments.built / "conclave")
    os.environ["TMPDIR"] = str(WORK)
    from cluster import Cluster
    from fleet import SERVER_CONFIG, Fleet
    agents = arguments.agents or (QUICK_AGENTS if arguments.quick else AGENTS)
    idle_s = arguments.seconds or (5 if arguments.quick else IDLE_S)
    with Cluster(3, config=SERVER_CONFIG) as cluster:
        program = arguments.built / "tests" / "bench" / "bench_fleet"
        with Fleet(program, cluster, agents, SERVICES) as fleet:
            figures = measure_steady(fleet, Servers(cluster), idle_s)
            show_steady(figures, agents, agents * SERVICES)
            figures.update(measure_restarts(fleet))
            show_restarts(figures)
    figures.update(agents=agents, instances=agents * SERVICES)
    arguments.json.write_text(json.dumps({"fleet": figures}, indent=1) + "\n")
    say(f"all figures: {arguments.json}")
