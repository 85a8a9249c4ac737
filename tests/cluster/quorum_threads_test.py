"""Everything that crosses from one thread to another, at once: requests of all kinds at all
servers, while configurations are reloaded, snapshots taken and put back, and servers ended. Mainly
for ThreadSanitizer (scripts/tsan); any server that falls over it is found as well."""

import http.client
import itertools
import signal
import threading
import unittest

from cluster import Cluster
from server_process import wait_until

ROUNDS = 8   # Of each activity, at least.


class Activity(threading.Thread):
    """Does one thing again and again, at one server after the other, until it is told to stop."""

    def __init__(self, name, act, members):
        super().__init__(name=name, daemon=True)
        self.act, self.members = act, members
        self.over, self.done, self.last = False, 0, None

    def run(self):
        for number in itertools.count():
            if self.over:
                return
            try:
                self.last = self.act(self.members[number % len(self.members)], number)
                self.done += self.last.status == 200
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.last = error   # The server is being ended, or has been.


def write(member, number):
    return member.put(f"/v1/kv/threads/{number % 50}", str(number))


def read(member, number):
    return member.get(f"/v1/kv/threads/?recurse{('', '&consistent', '&stale')[number % 3]}")


def wait_for_change(member, _):
    index = member.get("/v1/kv/threads/?keys").index()
    return member.get(f"/v1/kv/threads/?keys&wait=2s&index={index}")


def transact(member, number):
    return member.put("/v1/txn", [{"KV": {"Verb": "set", "Key": f"threads/t{number % 5}",
                                          "Value": "eA=="}}])


def renew_a_session(member, _):
    session = member.put("/v1/session/create", {"TTL": "10s"}).json()["ID"]
    member.put(f"/v1/kv/threads/lock?acquire={session}", "x")
    member.put(f"/v1/session/renew/{session}")
    return member.put(f"/v1/session/destroy/{session}")


def register(member, number):
    name = f"s{number % 4}"
    member.put("/v1/agent/service/register", {"Name": name, "Check": {"TTL": "1m"}})
    member.put(f"/v1/agent/check/pass/service:{name}")
    member.get(f"/v1/health/service/{name}")
    return member.put(f"/v1/agent/service/deregister/{name}")


def look(member, number):
    targets = ("/v1/agent/self", "/v1/agent/metrics", "/metrics", "/v1/agent/members",
               "/v1/operator/raft/configuration", "/v1/operator/autopilot/health",
               "/v1/agent/metrics?format=prometheus", "/v1/catalog/services", "/v1/agent/host")
    return member.get(targets[number % len(targets)])


def reload(member, number):
    if number % 2 == 0:
        member.signal(signal.SIGHUP)
    return member.put("/v1/agent/reload")


def save_and_restore(member, number):
    archive = member.get("/v1/snapshot")
    if number % 3 != 0:
        return archive
    return member.put("/v1/snapshot", archive.body)


class Threads(unittest.TestCase):
    def test_everything_at_once_on_front_threads(self):
        self.do_everything(front_threads=2)

    def test_everything_at_once_on_main(self):
        self.do_everything(front_threads=0)

    def do_everything(self, front_threads):
        performance = {"raft_multiplier": 5, "front_threads": front_threads}
        with Cluster(3, config={"performance": performance}) as cluster:
            activities = [Activity(act.__name__, act, cluster.members) for act in (
                write, write, read, read, wait_for_change, transact, renew_a_session, register,
                look, look, save_and_restore, reload)]
            signalling = activities[-1]
            for activity in activities:
                activity.start()
            try:
                for activity in activities:
                    wait_until(lambda each=activity: each.done >= ROUNDS)
                # The first two end under full load; the last one then has no leader. A signal that
                # comes when a server has done with everything would be its exit code.
                signalling.over = True
                signalling.join()
                for member in cluster.members:
                    self.assertEqual(member.stop(), 1)
            except AssertionError:
                self.fail("\n".join(f"{each.name}: {each.done}, {vars(each.last or each)}"
                                    for each in activities) + cluster.logs())
            finally:
                for activity in activities:
                    activity.over = True


if __name__ == "__main__":
    unittest.main()
