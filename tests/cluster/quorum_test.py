"""Three real servers: what a quorum promises, seen from outside (design sections 4, 6 and 7)."""

import base64
import os
import threading
import time
import unittest

from cluster import Cluster, eventually

KEY = base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
OTHER_KEY = base64.b64encode(b"another key, as long as the rest").decode()


class Quorum(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(3).start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def restart_all_that_are_down(self):
        for member in self.cluster.members:
            if not member.is_running():
                member.start(wait=False)
        self.cluster.wait_until_complete()

    def test_every_server_answers_writes_and_reads(self):
        for writer in self.cluster.members:
            self.cluster.write(f"by/{writer.node}", writer.node, writer)
            for reader in self.cluster.members:
                for mode in ("", "&consistent"):
                    answer = reader.get(f"/v1/kv/by/{writer.node}?raw{mode}")
                    self.assertEqual((answer.status, answer.text()), (200, writer.node))
                    self.assertEqual(answer.headers["X-Consul-KnownLeader"], "true")
                self.cluster.wait_for_index(reader, f"by/{writer.node}", writer.node)

    def test_what_was_acknowledged_survives_kill_9_of_the_leader(self):
        leader = self.cluster.leader()
        acknowledged = []
        for number in range(50):
            self.cluster.write(f"kept/{number}", str(number), leader)
            acknowledged.append(number)
        leader.kill()
        for member in self.cluster.running():
            for number in acknowledged:
                self.assertEqual(self.read(member, f"kept/{number}"), str(number))
        self.restart_all_that_are_down()
        for number in acknowledged:
            self.assertEqual(self.read(leader, f"kept/{number}"), str(number))

    def read(self, member, key):
        """Once there is a leader."""
        def there():
            answer = member.get(f"/v1/kv/{key}?raw", timeout=20)
            return answer.text() if answer.status == 200 else None
        return eventually(there, f"{member.node} does not show {key}", self.cluster)

    def test_everything_survives_kill_9_of_all(self):
        self.cluster.write("all/down", "yes")
        for member in self.cluster.members:
            member.kill()
        self.restart_all_that_are_down()
        for member in self.cluster.members:
            self.assertEqual(self.read(member, "all/down"), "yes")

    def test_a_minority_takes_no_write_and_says_so(self):
        leader = self.cluster.leader()
        for member in self.cluster.followers():
            member.kill()

        def refused():
            answer = leader.put("/v1/kv/minority", "x", timeout=60)
            self.assertNotEqual(answer.text(), "true")
            return answer.status == 500 and "No cluster leader" in answer.text()
        eventually(refused, "a minority still has a leader", self.cluster)
        stale = leader.get("/v1/kv/minority?stale")
        self.assertEqual(stale.headers["X-Consul-KnownLeader"], "false")
        self.restart_all_that_are_down()

    def test_a_blocking_query_lives_through_a_change_of_leader(self):
        self.cluster.write("watched", "before")
        leader = self.cluster.leader()
        follower = self.cluster.followers()[0]
        index = eventually(
            lambda: int(follower.get("/v1/kv/watched").headers["X-Consul-Index"]), "no index")
        seen = []

        def watch():
            seen.append(follower.get(f"/v1/kv/watched?index={index}&wait=60s&raw", timeout=90))
        watching = threading.Thread(target=watch)
        watching.start()
        leader.kill()
        self.cluster.wait_for_leader()
        self.assertEqual(seen, [])
        self.cluster.write("watched", "after", follower)
        watching.join(timeout=90)
        self.assertEqual([answer.text() for answer in seen], ["after"])
        self.restart_all_that_are_down()

    def test_a_session_is_renewed_through_a_follower_and_outlives_its_leader(self):
        follower = self.cluster.followers()[0]
        body = '{"TTL": "10s", "LockDelay": "0s"}'
        session = follower.put("/v1/session/create", body).json()["ID"]
        self.assertEqual(follower.put(f"/v1/kv/locked?acquire={session}", "x").text(), "true")
        renewed_at = time.monotonic()
        self.assertEqual(follower.put(f"/v1/session/renew/{session}").status, 200)
        self.cluster.leader().kill()
        self.cluster.wait_for_leader()

        def ended():
            answer = follower.get(f"/v1/session/info/{session}", timeout=20)
            return answer.status == 200 and answer.json() == []
        eventually(ended, "the session does not expire", self.cluster, deadline_s=120)
        self.assertGreaterEqual(time.monotonic() - renewed_at, 20)
        self.restart_all_that_are_down()

    def test_leadership_is_handed_over_on_request(self):
        leader = self.cluster.leader()
        ran = self.cluster.followers()[0].run("operator", "raft", "transfer-leader")
        self.assertEqual((ran.returncode, ran.stdout), (0, "Success\n"), ran.stderr)
        self.assertIsNot(self.cluster.wait_for_leader(), leader)


class Membership(unittest.TestCase):
    def test_a_fourth_server_joins_and_leaves(self):
        with Cluster(3, config={"autopilot": {"server_stabilization_time": "1s"}}) as cluster:
            cluster.write("before", "x")
            fourth = cluster.add("late")
            fourth.start()
            cluster.wait_for_voters("late", *(member.node for member in cluster.members[:3]))
            cluster.wait_for_index(fourth, "before", "x")
            left = fourth.run("leave")
            self.assertEqual(left.returncode, 0, left.stderr)
            self.assertEqual(fourth.wait(), 0)
            cluster.wait_for_voters(*(member.node for member in cluster.members[:3]))

    def test_a_wiped_disk_comes_back_as_a_learner_and_gets_its_vote(self):
        with Cluster(3, config={"autopilot": {"server_stabilization_time": "1s"}}) as cluster:
            cluster.write("before", "x")
            wiped = cluster.followers()[0]
            wiped.kill()
            os.rename(wiped.data_dir, wiped.data_dir + ".lost")
            eventually(lambda: "failed" in cluster.any_running().run("members").stdout,
                       "nobody misses it", cluster)
            wiped.start()
            cluster.wait_for_voters(*(member.node for member in cluster.members))
            cluster.wait_for_index(wiped, "before", "x")

    def test_who_missed_more_than_the_log_keeps_gets_a_snapshot(self):
        with Cluster(3) as cluster:
            behind = cluster.followers()[0]
            behind.kill()
            for number in range(60):
                cluster.write(f"large/{number}", f"{number}:".ljust(500_000, "x"))
            time.sleep(3)  # Checkpoints let the log forget.
            behind.start()
            cluster.wait_for_index(behind, "large/59", "59:".ljust(500_000, "x"))
            self.assertIn("snapshot installed", behind.log())
            cluster.write("after", "x")
            cluster.wait_for_index(behind, "after", "x")
            for member in cluster.members:
                member.kill()
            for member in cluster.members:
                member.start(wait=False)
            cluster.wait_until_complete()
            cluster.wait_for_index(behind, "large/0", "0:".ljust(500_000, "x"))

    def test_nobody_joins_without_the_key(self):
        with Cluster(3, config={"encrypt": KEY}) as cluster:
            cluster.write("secret", "x")
            for config in ({"encrypt": OTHER_KEY}, {"encrypt": ""}):
                stranger = cluster.add("stranger", config=config)
                stranger.start(wait=False)
                eventually(lambda at=stranger: "encrypt" in at.log(), "it says nothing", cluster)
                self.assertEqual(len(cluster.voters()), 3)
                stranger.kill()
                cluster.members.remove(stranger)
                stranger.close()


if __name__ == "__main__":
    unittest.main()
