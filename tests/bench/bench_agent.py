"""One agent on a host, at one server: its memory while nothing happens, what its clients' blocking
queries become at the server, and what thousands of checks cost."""

import contextlib
import http.client
import json
import os
import pathlib
import subprocess
import sys
import threading
import time

import check_target
from bench_fleet import metric
from bench_join import anonymous_bytes
from bench_measure import say
from bench_servers import ROOT, WORK
from bench_watches import cpu_seconds
from watch_clients import WatchClients

sys.path.insert(0, str(ROOT / "tests" / "support"))

SERVICES = 50
SETTLE_S = 15
QUERIES, TARGETS = 1_000, 100
CHECKS = 10_000
SCRIPTS = 200
INTERVAL_S = 10
MEASURE_S = 30
SYNC_DEADLINE_S = 120
GOAL_MEMORY = 10e6
GOAL_CHECKS_CPU = 0.10


class Target:
    """The process that checks look at."""

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, check_target.__file__],
                                        stdout=subprocess.PIPE, text=True)
        self.tcp_port, self.http_port = map(int, self.process.stdout.readline().split())
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def agent_of(cluster, config):
    """An agent with that configuration, once all that it has is in the catalog."""
    agent = cluster.add_agent("agent", config)
    try:
        agent.start(wait=False)
        agent.wait_until_listed()
        wanted = len(config.get("checks", [])) + sum(
            len(service.get("checks", [])) for service in config.get("services", []))
        deadline = time.monotonic() + SYNC_DEADLINE_S
        while len(cluster.members[0].get("/v1/health/node/agent").json()) < wanted + 1:
            if time.monotonic() > deadline:
                sys.exit(f"scripts/bench: the catalog lacks checks\n{agent.log()[-2000:]}")
            time.sleep(0.5)
        yield agent
    finally:
        agent.run("leave")
        cluster.agents.remove(agent)
        agent.close()


def http_check(target):
    return {"http": f"http://127.0.0.1:{target.http_port}/health", "interval": f"{INTERVAL_S}s"}


def services(count, target):
    """Each with a TTL or an HTTP check."""
    ttl = {"ttl": "10m", "status": "passing"}
    return [{"name": f"service-{number}", "port": 8000 + number, "tags": ["v1"],
             "checks": [http_check(target) if number % 2 else ttl]} for number in range(count)]


def measure_memory(cluster, target):
    figures = {}
    for count in (0, SERVICES):
        say(f"an agent with {count} services is left alone for {SETTLE_S} s")
        with agent_of(cluster, {"services": services(count, target)}) as agent:
            time.sleep(SETTLE_S)
            figures[count] = anonymous_bytes(agent.process.pid)
    return figures


def measure_sharing(cluster):
    """Queries at the server for so many at the agent, without and with two tokens."""
    figures = {}
    for number in range(TARGETS):
        cluster.members[0].put(f"/v1/kv/shared/{number}", "x")
    index = cluster.members[0].get("/v1/kv/shared/?recurse").index()
    config = {"limits": {"http_max_conns_per_client": 2 * QUERIES}}
    with agent_of(cluster, config) as agent:
        for tokens in (1, 2):
            say(f"{QUERIES} blocking queries on {TARGETS} targets, {tokens} tokens")
            before = metric(cluster.members[0], "consul_watch_waiters")
            clients = WatchClients(agent.http_port, QUERIES)
            for number in range(QUERIES):
                token = f"X-Consul-Token: token-{number // TARGETS % tokens}\r\n"
                target = f"/v1/kv/shared/{number % TARGETS}?wait=5m&index={index}"
                clients.send(number, target, token)
            time.sleep(2)
            figures[tokens] = (metric(agent, "consul_client_blocking_upstream"),
                               metric(cluster.members[0], "consul_watch_waiters") - before)
            clients.close()
            time.sleep(1)
    return figures


class Heartbeats(threading.Thread):
    """Says of each TTL check once in its interval that it passes."""

    def __init__(self, agent, ids):
        super().__init__(daemon=True)
        self.agent, self.ids = agent, ids
        self.ending = threading.Event()

    def run(self):
        connection = http.client.HTTPConnection(self.agent.address)
        began, sent = time.monotonic(), 0
        while not self.ending.is_set():
            due = int((time.monotonic() - began) * len(self.ids) / INTERVAL_S)
            for number in range(sent, due):
                name = self.ids[number % len(self.ids)]
                connection.request("PUT", f"/v1/agent/check/pass/{name}")
                connection.getresponse().read()
            sent = due
            time.sleep(0.02)

    def stop(self):
        self.ending.set()
        self.join()


def mixed_checks(count, target):
    """Two fifths TCP, two fifths HTTP, one fifth TTL."""
    kinds = [{"tcp": f"127.0.0.1:{target.tcp_port}", "interval": f"{INTERVAL_S}s"},
             http_check(target)] * 2 + [{"ttl": f"{3 * INTERVAL_S}s"}]
    return [{"id": f"check-{number}", "name": "it answers", "status": "passing",
             **kinds[number % len(kinds)]} for number in range(count)]


def cpu_share(pid, seconds):
    """With what its children took, once they have ended."""
    before, began = cpu_seconds(pid) + children_seconds(pid), time.monotonic()
    time.sleep(seconds)
    spent = cpu_seconds(pid) + children_seconds(pid) - before
    return spent / (time.monotonic() - began)


def children_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def measure_checks(cluster, target, count, seconds):
    say(f"{count} checks every {INTERVAL_S} s: TCP, HTTP, TTL")
    checks = mixed_checks(count, target)
    with agent_of(cluster, {"checks": checks}) as agent:
        beats = Heartbeats(agent, [check["id"] for check in checks if "ttl" in check])
        beats.start()
        time.sleep(INTERVAL_S)
        share = cpu_share(agent.process.pid, seconds)
        beats.stop()
        memory = anonymous_bytes(agent.process.pid)
        states = agent.get("/v1/agent/checks").json().values()
        passing = sum(check["Status"] == "passing" for check in states)
    if passing != count:
        sys.exit(f"scripts/bench: only {passing} of {count} checks pass")
    return {"checks": count, "cpu": share, "memory": memory}


def measure_scripts(cluster, seconds):
    say(f"{SCRIPTS} script checks every {INTERVAL_S} s")
    checks = [{"id": f"script-{number}", "name": "it runs", "status": "passing",
               "args": ["/bin/true"], "interval": f"{INTERVAL_S}s"} for number in range(SCRIPTS)]
    with agent_of(cluster, {"checks": checks, "enable_local_script_checks": True}) as agent:
        time.sleep(INTERVAL_S)
        return cpu_share(agent.process.pid, seconds)


def verdict(met):
    return "met" if met else "MISSED"


def show(figures):
    for count, used in figures["memory"].items():
        print(f"anonymous memory with {count} services: {used / 1e6:.1f} MB, goal <= "
              f"{GOAL_MEMORY / 1e6:.0f} MB: {verdict(used <= GOAL_MEMORY)}")
    for tokens, (agents, servers) in figures["sharing"].items():
        wanted = TARGETS * tokens
        print(f"{QUERIES} blocking queries on {TARGETS} targets, {tokens} tokens: {agents} queries "
              f"of the agent, {servers} at the server, goal {wanted}: "
              f"{verdict(agents == servers == wanted)}")
    checks = figures["checks"]
    print(f"{checks['checks']} checks every {INTERVAL_S} s (TCP, HTTP, TTL): "
          f"{100 * checks['cpu']:.1f} % of a core, goal < {100 * GOAL_CHECKS_CPU:.0f} %: "
          f"{verdict(checks['cpu'] < GOAL_CHECKS_CPU)}; {checks['memory'] / 1e6:.1f} MB anonymous")
    print(f"{SCRIPTS} script checks every {INTERVAL_S} s: {100 * figures['scripts']:.1f} % of a "
          f"core, their programs included")


def run(arguments):
    # Where the test's servers find the program, and put their files: on the disk of the bench.
    os.environ["CONCLAVE_BINARY"] = str(arguments.built / "conclave")
    os.environ["TMPDIR"] = str(WORK)
    from cluster import Cluster
    seconds = arguments.seconds or (INTERVAL_S if arguments.quick else MEASURE_S)
    count = CHECKS // (10 if arguments.quick else 1)
    with Cluster(1, config={"log_level": "warn"}) as cluster, Target() as target:
        figures = {"memory": measure_memory(cluster, target), "sharing": measure_sharing(cluster),
                   "checks": measure_checks(cluster, target, count, seconds),
                   "scripts": measure_scripts(cluster, seconds)}
    show(figures)
    arguments.json.write_text(json.dumps({"agent": figures}, indent=1) + "\n")
    say(f"all figures: {arguments.json}")
