"""Servers that join, leave, lose their disk, are copied, are removed, belong elsewhere or move."""

import pathlib
import shutil
import time
import unittest

from cluster import Cluster, eventually

# Dead servers stay members until the test removes them.
KEEP_DEAD = {"autopilot": {"cleanup_dead_servers": False}}


class Membership(unittest.TestCase):
    def setUp(self):
        self.cluster = Cluster(3, config=KEEP_DEAD).start()
        self.addCleanup(self.cluster.close)
        self.cluster.write("there", "all along")
        self.names = [member.node for member in self.cluster.members]

    def test_a_fourth_server_joins_catches_up_and_votes(self):
        for n in range(50):
            self.cluster.write(f"many/{n}", "x" * 1000)
        newcomer = self.cluster.add("server-3")
        newcomer.start(wait=False)
        self.cluster.wait_for_index(newcomer, "many/49", "x" * 1000)
        self.cluster.wait_for_voters(*self.names, "server-3")
        self.assertEqual(newcomer.get("/v1/kv/there?raw").text(), "all along")

    def test_a_server_that_leaves_is_no_peer_any_more_and_may_come_back(self):
        leaver = self.cluster.followers()[0]
        others = [name for name in self.names if name != leaver.node]
        left = leaver.run("leave")
        self.assertEqual(left.returncode, 0, left.stderr)
        self.assertEqual(leaver.wait(), 0)
        self.cluster.wait_for_voters(*others)
        listed = self.cluster.leader().run("members").stdout
        row = [line for line in listed.splitlines() if line.startswith(leaver.node)]
        self.assertTrue(not row or "left" in row[0], listed)
        leaver.start(wait=False)
        self.cluster.wait_for_voters(*self.names)
        self.cluster.wait_for_index(leaver, "there", "all along")

    def test_the_leader_leaves_and_another_one_takes_over(self):
        leaver = self.cluster.leader()
        left = leaver.run("leave")
        self.assertEqual(left.returncode, 0, left.stderr)
        leaver.wait()
        self.cluster.wait_for_voters(*(name for name in self.names if name != leaver.node))
        self.cluster.write("still", "writable")

    def test_a_wiped_disk_under_a_known_name_is_filled_again(self):
        victim = self.cluster.followers()[0]
        victim.kill()
        self.cluster.write("meanwhile", "written")
        shutil.rmtree(victim.data_dir)
        victim.start(wait=False)
        self.cluster.wait_for_index(victim, "meanwhile", "written")
        self.cluster.wait_for_voters(*self.names)
        self.cluster.write("again", "three", victim)

    def write_much(self):
        for n in range(20):
            self.cluster.write(f"bulk/{n}", "x" * 2000)
        for member in self.cluster.members:
            self.cluster.wait_for_index(member, "bulk/19", "x" * 2000)

    @staticmethod
    def damage_log(member):
        """In the middle, where no interrupted write explains it."""
        segment = sorted(pathlib.Path(member.data_dir, "raft", "wal").glob("*.wal"))[0]
        data = bytearray(segment.read_bytes())
        data[8_000:8_100] = bytes(100)
        segment.write_bytes(data)

    def test_a_damaged_log_is_moved_aside_and_filled_again(self):
        victim = self.cluster.followers()[0]
        self.write_much()
        victim.kill()
        self.damage_log(victim)
        self.cluster.write("meanwhile", "written")
        victim.start(wait=False)
        self.cluster.wait_for_index(victim, "meanwhile", "written")
        self.cluster.wait_for_voters(*self.names)
        self.assertIn("begins anew", victim.log())
        kept = list(pathlib.Path(victim.data_dir).glob("damaged-*/raft/wal/*.wal"))
        self.assertEqual(len(kept), 1, kept)
        self.assertFalse(pathlib.Path(victim.data_dir, "rejoin").exists())

    def test_damaged_logs_of_a_majority_found_no_other_cluster(self):
        victims = self.cluster.members
        self.write_much()
        for member in victims:
            member.kill()
        for member in victims:
            self.damage_log(member)
        for member in victims:
            member.start(wait=False)
        for member in victims:
            eventually(lambda member=member: "begins anew" in member.log(),
                       f"{member.node} takes its log for whole", self.cluster)
        # They were told to expect three, and are three; but what they had must not be forgotten.
        time.sleep(3)
        for member in victims:
            self.assertEqual(member.known_leader(), "")

    def test_a_copied_directory_started_elsewhere_is_refused(self):
        original = self.cluster.followers()[0]
        original.kill()
        copy = self.cluster.add("server-copy")
        shutil.copytree(original.data_dir, copy.data_dir)
        original.start(wait=False)
        self.cluster.wait_until_complete()
        self.cluster.write("newer", "than the copy")
        copy.start(wait=False)
        self.check_refused(copy, "newer")

    def test_a_removed_server_comes_back_only_if_it_is_told_to(self):
        removed = self.cluster.followers()[0]
        identity = removed.id()
        removed.kill()
        leader = self.cluster.leader()
        answer = leader.delete(f"/v1/operator/raft/peer?id={identity}")
        self.assertEqual(answer.status, 200, answer.text())
        self.cluster.wait_for_voters(*(name for name in self.names if name != removed.node))
        self.cluster.write("after-the-removal", "x", leader)
        removed.formation = lambda: []
        removed.start(wait=False)
        eventually(lambda: "is not among the servers of this cluster" in removed.log(),
                   "the removed server is not refused", self.cluster)
        self.assertNotIn(removed.node, self.cluster.voters(leader))
        joined = removed.run("join", leader.join_address)
        self.assertEqual(joined.returncode, 0, joined.stderr)
        self.cluster.wait_for_voters(*self.names)
        self.cluster.wait_for_index(removed, "after-the-removal", "x")

    def check_refused(self, refused, newer_key):
        """It says so in its log, serves nothing that pretends to be current, and the others go on
        with the leader they have."""
        leader = self.cluster.leader()

        def says_so():
            return "two processes run" in refused.log() or not refused.is_running()
        eventually(says_so, f"{refused.node} is not refused", self.cluster)
        try:
            self.assertNotEqual(refused.get(f"/v1/kv/{newer_key}?raw").status, 200)
        except OSError:
            pass  # It has ended, or is about to.
        self.assertIs(self.cluster.leader(), leader)
        self.cluster.write("undisturbed", "yes", leader)
        self.assertNotIn("server-copy", self.cluster.voters(leader))

    def test_a_server_of_another_cluster_is_refused(self):
        with Cluster(1) as other:
            stranger = other.members[0]
            other.write("elsewhere", "x")
            stranger.stop()
            addresses = [member.join_address for member in self.cluster.members]
            stranger.arguments = [word for address in addresses
                                  for word in ("-retry-join", address)]
            stranger.start(wait=False)

            def says_so():
                return "cluster" in stranger.log() and "refuse" in stranger.log()
            eventually(says_so, "the stranger is not refused", other)
            self.cluster.write("ours", "alone")
            self.assertEqual(self.cluster.voters(), self.names)
            self.assertEqual(self.cluster.leader().get("/v1/kv/elsewhere").status, 404)

    def test_a_server_whose_address_changed_is_found_again(self):
        mover = self.cluster.followers()[0]
        old = mover.rpc_address
        mover.kill()
        mover.move()
        self.cluster.write("moved", "on")
        mover.start(wait=False)
        self.cluster.wait_for_index(mover, "moved", "on")
        self.cluster.wait_for_voters(*self.names)

        def known():
            peers = self.cluster.leader().get("/v1/status/peers").json()
            return mover.rpc_address in peers and old not in peers
        eventually(known, "the old address is still a peer's", self.cluster)

    def test_leadership_is_handed_over_on_request(self):
        leader, heir = self.cluster.leader(), self.cluster.followers()[0]
        answer = leader.request("POST", f"/v1/operator/raft/transfer-leader?id={heir.id()}")
        self.assertEqual((answer.status, answer.json()), (200, {"Success": True}))
        eventually(lambda: self.cluster.leader() is heir, "the heir does not lead", self.cluster)
        ran = leader.run("operator", "raft", "transfer-leader")
        self.assertEqual((ran.returncode, ran.stdout), (0, "Success\n"), ran.stderr)
        eventually(lambda: self.cluster.leader() is not heir, "the heir still leads", self.cluster)


if __name__ == "__main__":
    unittest.main()
