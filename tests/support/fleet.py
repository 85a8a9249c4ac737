"""Many agents in one process (bench_fleet) at a cluster of real servers, and whether the servers
ever took one of them for dead."""

import json
import subprocess
import time

# What the servers allow an agent to be silent, and what an agent may take to move.
LEASE_S = 13
ANSWER_DEADLINE_S = 600

# A fleet comes from one address.
SERVER_CONFIG = {"limits": {"rpc_max_conns_per_client": 0, "http_max_conns_per_client": 1000}}


class Fleet:
    """The process; use as a context manager. `cluster` is started."""

    def __init__(self, program, cluster, agents, services=20, instances=10):
        self.cluster, self.agents, self.services = cluster, agents, services
        command = [str(program), "--agents", str(agents), "--services", str(services),
                   "--instances", str(instances)]
        for member in cluster.members:
            command += ["--server", member.rpc_address]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()

    def ask(self, command):
        """The answer to a command of bench_fleet; raises when it was not done in time."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise AssertionError(f"bench_fleet ended at '{command}'\n{self.cluster.logs()}")
        answer = json.loads(answer)
        if not answer.get("done", True) or "error" in answer:
            raise AssertionError(f"{command}: {answer}\n{self.cluster.logs()}")
        return answer

    def wait_until_listed(self):
        """Until every agent has a server that knows it and everything is told; seconds."""
        began = time.monotonic()
        while time.monotonic() < began + ANSWER_DEADLINE_S:
            now = self.ask("count")
            if now["listed"] == self.agents and now["unsynced"] == 0:
                return time.monotonic() - began
            time.sleep(0.1)
        raise AssertionError(f"agents are without a server: {now}\n{self.cluster.logs()}")


class Alarms:
    """Every time since its making that a member was taken for dead or came back from that: what
    leaders said, and indexes of `serfHealth`, which a change leaves behind for good."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.said = self.count_said()
        self.indexes = self.read_indexes()

    def count_said(self):
        return sum(member.log().count("member failed, marking health critical")
                   for member in self.cluster.members)

    def read_indexes(self):
        query = '/v1/health/state/any?filter=CheckID+==+"serfHealth"'.replace('"', "%22")
        checks = self.cluster.any_running().get(query, timeout=60).json()
        return {check["Node"]: (check["ModifyIndex"], check["Status"]) for check in checks}

    def find(self):
        """(members that were called failed, nodes whose serfHealth changed)"""
        now = self.read_indexes()
        changed = [node for node, before in self.indexes.items() if now.get(node) != before]
        return self.count_said() - self.said, sorted(changed)


def restart_all(fleet, pause_s=LEASE_S + 3):
    """The servers one after the other, whoever leads first; how long each restart left agents
    without a server, in seconds. After each, a lease's time: who was forgotten turns up in that."""
    cluster = fleet.cluster
    left, spans = list(cluster.members), []
    while left:
        leader = cluster.wait_for_leader()
        member = leader if leader in left else left[0]
        left.remove(member)
        began = time.monotonic()
        member.stop()
        member.start(wait=False)
        fleet.wait_until_listed()
        spans.append(time.monotonic() - began)
        cluster.wait_until_complete()
        time.sleep(max(0, pause_s - (time.monotonic() - began)))
    return spans
