"""Servers of a cluster are killed and come back: what was acknowledged stays, and a majority goes
on serving."""

import concurrent.futures
import unittest

from cluster import Cluster, eventually


class ThreeServers(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3).start()
        self.addCleanup(self.cluster.close)

    def test_the_leader_is_killed(self):
        cluster = self.cluster
        first = cluster.leader()
        cluster.write("before", "1", first)
        first.kill()
        second = cluster.wait_for_leader()
        self.assertIsNot(second, first)
        self.assertEqual(second.get("/v1/kv/before?raw").text(), "1")
        cluster.write("between", "2")
        first.start(wait=False)
        cluster.wait_for_index(first, "between", "2")
        cluster.wait_until_complete()
        cluster.write("after", "3", first)

    def test_a_follower_is_killed(self):
        cluster = self.cluster
        leader, follower = cluster.leader(), cluster.followers()[0]
        follower.kill()
        # The others never stop serving: no waiting here.
        for n in range(20):
            self.assertEqual(leader.put(f"/v1/kv/without/{n}", str(n)).text(), "true")
        follower.start(wait=False)
        cluster.wait_for_index(follower, "without/19", "19")
        self.assertIs(cluster.leader(), leader)

    def test_all_are_killed(self):
        cluster = self.cluster
        for n in range(20):
            cluster.write(f"kept/{n}", str(n))
        index = cluster.leader().get("/v1/kv/kept/19").index()
        voters = cluster.voters()
        for member in cluster.members:
            member.kill()
        for member in cluster.members:
            member.start(wait=False)
        leader = cluster.wait_until_complete()
        self.assertEqual(cluster.voters(), voters)
        for member in cluster.members:
            self.assertEqual(len(member.get("/v1/kv/kept/?keys").json()), 20)
        cluster.write("kept/more", "x")
        self.assertGreater(leader.get("/v1/kv/kept/more").index(), index)

    def test_a_minority_serves_only_stale_reads(self):
        cluster = self.cluster
        cluster.write("last", "words")
        left = cluster.followers()[0]
        cluster.wait_for_index(left, "last", "words")
        for member in cluster.members:
            if member is not left:
                member.kill()
        eventually(lambda: left.known_leader() == "", "a lone server knows a leader", cluster)
        stale = left.get("/v1/kv/last?raw&stale")
        self.assertEqual((stale.status, stale.text()), (200, "words"))
        self.assertEqual(stale.headers["X-Consul-KnownLeader"], "false")
        # Each is held for 7 s first, so all at once.
        with concurrent.futures.ThreadPoolExecutor() as pool:
            asked = [pool.submit(left.get, "/v1/kv/last"),
                     pool.submit(left.get, "/v1/kv/last?consistent"),
                     pool.submit(left.put, "/v1/kv/last", "more")]
            for answer in (future.result() for future in asked):
                self.assertEqual((answer.status, answer.text()), (500, "No cluster leader"))


class FiveServers(unittest.TestCase):
    def test_two_of_five_are_lost(self):
        with Cluster(5) as cluster:
            leader, other = cluster.leader(), cluster.followers()[0]
            cluster.write("five", "5")
            leader.kill()
            other.kill()
            cluster.wait_for_leader()
            for member in cluster.running():
                cluster.write(f"three/{member.node}", "3", member)
                self.assertEqual(member.get("/v1/kv/five?raw").text(), "5")
            leader.start(wait=False)
            other.start(wait=False)
            cluster.wait_until_complete()
            self.assertEqual(len(leader.get("/v1/kv/three/?keys&consistent").json()), 3)


if __name__ == "__main__":
    unittest.main()
