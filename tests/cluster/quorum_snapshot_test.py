"""Snapshots in a cluster: saved and restored through a follower, and sent to a server that missed
more than the log still has."""

import os
import tempfile
import unittest

from cluster import Cluster, eventually


class Snapshots(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3).start()
        self.addCleanup(self.cluster.close)

    def test_saved_and_restored_through_a_follower(self):
        cluster, follower = self.cluster, self.cluster.followers()[0]
        cluster.write("saved/a", "1")
        cluster.write("saved/b", "2")
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "backup.snap")
            saved = follower.run("snapshot", "save", path)
            self.assertEqual(saved.returncode, 0, saved.stderr)
            self.assertEqual(follower.run("snapshot", "inspect", path).returncode, 0)
            cluster.write("saved/a", "changed")
            cluster.write("later", "x")
            index = follower.get("/v1/kv/saved/a").index()
            restored = follower.run("snapshot", "restore", path)
            self.assertEqual(restored.returncode, 0, restored.stderr)
        for member in cluster.members:
            self.assertEqual(member.get("/v1/kv/saved/a?raw").text(), "1")
            self.assertEqual(member.get("/v1/kv/later").status, 404)
            self.assertGreater(member.get("/v1/kv/saved/b").index(), index)
        cluster.wait_until_complete()
        cluster.write("saved/c", "3", follower)

    def test_waiters_see_a_restore(self):
        cluster, follower = self.cluster, self.cluster.followers()[0]
        cluster.write("watched", "old")
        snapshot = follower.get("/v1/snapshot").body
        cluster.write("watched", "new")
        index = follower.get("/v1/kv/watched").index()
        restored = cluster.leader().put("/v1/snapshot", snapshot)
        self.assertEqual(restored.status, 200, restored.text())
        woken = follower.get(f"/v1/kv/watched?raw&wait=30s&index={index}")
        self.assertEqual((woken.status, woken.text()), (200, "old"))
        self.assertGreater(woken.index(), index)

    def test_damaged_snapshots_change_nothing(self):
        cluster, follower = self.cluster, self.cluster.followers()[0]
        cluster.write("safe", "x")
        snapshot = bytearray(follower.get("/v1/snapshot").body)
        snapshot[len(snapshot) // 2] ^= 0x40
        for body in (bytes(snapshot), bytes(snapshot[:100]), b"not a snapshot"):
            self.assertNotEqual(follower.put("/v1/snapshot", body).status, 200)
        self.assertEqual(cluster.leader().get("/v1/kv/safe?raw").text(), "x")

    def test_a_server_that_missed_much_gets_a_snapshot(self):
        cluster, absent = self.cluster, self.cluster.followers()[0]
        absent.kill()
        leader = cluster.leader()
        # More than the log keeps: 100 values of 500 KB.
        value = "v" * 500_000
        for n in range(100):
            self.assertEqual(leader.put(f"/v1/kv/big/{n % 10}", value + str(n)).text(), "true")
        absent.start(wait=False)
        cluster.wait_for_index(absent, "big/9", value + "99")
        eventually(lambda: cluster.wait_until_complete() is not None, "not complete", cluster)


if __name__ == "__main__":
    unittest.main()
