"""Servers are restarted one after the other under load, as for an upgrade: nothing is lost, and at
any time somebody serves."""

import threading
import time
import unittest

from cluster import Cluster


class Appender(threading.Thread):
    """Writes keys of its own, each once, through whichever server answers."""

    def __init__(self, cluster, name):
        super().__init__(daemon=True)
        self.cluster, self.name_of_keys = cluster, name
        self.acknowledged, self.longest_gap = [], 0.0
        self.ending = threading.Event()

    def run(self):
        n, last = 0, time.monotonic()
        while not self.ending.is_set():
            n += 1
            members = self.cluster.members
            try:
                answer = members[n % len(members)].put(f"/v1/kv/rolling/{self.name_of_keys}/{n}",
                                                       str(n), timeout=20)
            except OSError:
                self.ending.wait(0.01)
                continue
            if answer.status == 200:
                now = time.monotonic()
                self.longest_gap, last = max(self.longest_gap, now - last), now
                self.acknowledged.append(f"rolling/{self.name_of_keys}/{n}")


class RollingRestart(unittest.TestCase):
    def test_no_acknowledged_write_is_lost(self):
        with Cluster(3) as cluster:
            writers = [Appender(cluster, f"w{n}") for n in range(4)]
            for writer in writers:
                writer.start()
            # The leader last, as an operator would.
            for member in [*cluster.followers(), cluster.leader()]:
                member.stop()
                member.start(wait=False)
                cluster.wait_until_complete()
            for writer in writers:
                writer.ending.set()
                writer.join()
            for member in cluster.members:
                found = set(member.get("/v1/kv/rolling/?keys&consistent").json())
                for writer in writers:
                    self.assertGreater(len(writer.acknowledged), 0)
                    self.assertEqual(set(writer.acknowledged) - found, set(), member.node)
            print("longest time without a write:",
                  f"{max(writer.longest_gap for writer in writers):.2f} s", flush=True)


if __name__ == "__main__":
    unittest.main()
