"""Any server answers any request: writes, reads of every consistency, registrations, and blocking
queries, which survive a change of leader without missing a change."""

import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

from cluster import Cluster, eventually


class AnyServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(3).start()

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def test_a_write_through_one_server_is_read_through_every_other(self):
        for writer in self.cluster.members:
            for n in range(5):
                key = f"any/{writer.node}/{n}"
                self.assertEqual(writer.put(f"/v1/kv/{key}", key).text(), "true")
                for reader in self.cluster.members:
                    # At once: default and consistent reads see what was acknowledged before.
                    for mode in ("raw", "raw&consistent"):
                        answer = reader.get(f"/v1/kv/{key}?{mode}")
                        self.assertEqual((answer.status, answer.text()), (200, key), reader.node)

    def test_stale_reads_say_how_old_they_may_be(self):
        leader = self.cluster.leader()
        self.cluster.write("stale", "x")
        for member in self.cluster.members:
            self.cluster.wait_for_index(member, "stale", "x")
            answer = member.get("/v1/kv/stale?stale")
            self.assertEqual(answer.headers["X-Consul-KnownLeader"], "true")
            age = int(answer.headers["X-Consul-LastContact"])
            if member is leader:
                self.assertEqual(age, 0)
            else:
                # In contact every heartbeat; a busy machine may be late.
                self.assertLess(age, 5000)

    def test_check_and_set_through_followers_has_one_winner(self):
        self.cluster.write("won", "0")
        index = self.cluster.leader().get("/v1/kv/won").json()[0]["ModifyIndex"]
        answers = [member.put(f"/v1/kv/won?cas={index}", member.node).text()
                   for member in self.cluster.members]
        self.assertEqual(sorted(answers), ["false", "false", "true"])

    def test_transactions_and_deletions_through_followers(self):
        follower = self.cluster.followers()[0]
        ops = [{"KV": {"Verb": "set", "Key": f"txn/{n}", "Value": "eA=="}} for n in range(3)]
        self.assertEqual(follower.put("/v1/txn", ops).status, 200)
        self.assertEqual(len(follower.get("/v1/kv/txn/?keys").json()), 3)
        self.assertEqual(follower.delete("/v1/kv/txn/?recurse").text(), "true")
        self.assertEqual(self.cluster.leader().get("/v1/kv/txn/?keys").status, 404)

    def test_a_service_registered_at_a_follower_is_found_everywhere(self):
        follower = self.cluster.followers()[0]
        service = {"Name": "far", "Port": 80, "Check": {"TTL": "10m", "Status": "passing"}}
        self.assertEqual(follower.put("/v1/agent/service/register", service).status, 200)
        for member in self.cluster.members:
            def found(member=member):
                return member.get("/v1/health/service/far?passing").json()
            entries = eventually(found, f"{member.node} does not find it", self.cluster)
            self.assertEqual([entry["Node"]["Node"] for entry in entries], [follower.node])
        self.assertEqual(follower.put("/v1/agent/service/deregister/far").status, 200)

    def test_every_server_names_the_same_leader_peers_and_members(self):
        leader = self.cluster.leader()
        peers = sorted(member.rpc_address for member in self.cluster.members)
        for member in self.cluster.members:
            self.assertEqual(member.get("/v1/status/leader").json(), leader.rpc_address)
            self.assertEqual(sorted(member.get("/v1/status/peers").json()), peers)
            nodes = [node["Node"] for node in member.get("/v1/catalog/nodes").json()]
            self.assertEqual(sorted(nodes), [other.node for other in self.cluster.members])
            listed = member.run("members")
            self.assertEqual(listed.stdout.count("alive"), 3, listed.stdout + listed.stderr)

    def test_a_blocking_query_at_a_follower_wakes_for_a_write_elsewhere(self):
        self.cluster.write("woken", "0")
        leader, followers = self.cluster.leader(), self.cluster.followers()
        index = followers[0].get("/v1/kv/woken").index()
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(
            followers[0].get(f"/v1/kv/woken?raw&wait=60s&index={index}")))
        waiting.start()
        self.assertEqual(leader.put("/v1/kv/woken", "1").text(), "true")
        waiting.join()
        self.assertEqual((answers[0].status, answers[0].text()), (200, "1"))
        self.assertGreater(answers[0].index(), index)


class FrontThreads(unittest.TestCase):
    def test_followers_forward_from_several_threads_at_once(self):
        performance = {"raft_multiplier": 1, "front_threads": 2}
        with Cluster(3, config={"performance": performance}) as cluster:
            followers = cluster.followers()

            def ask(number):
                follower = followers[number % len(followers)]
                target = f"/v1/kv/forwarded/{number}"
                return [follower.get("/v1/operator/raft/configuration").status,
                        follower.put(target, str(number)).status, follower.get(target).status]

            with ThreadPoolExecutor(8) as pool:
                for statuses in pool.map(ask, range(60)):
                    self.assertEqual(statuses, [200, 200, 200])


class Watcher(threading.Thread):
    """Follows one key by blocking queries at one server; keeps every number it sees."""

    def __init__(self, member):
        super().__init__(daemon=True)
        self.member, self.seen, self.wrong = member, [], None
        self.ending = threading.Event()

    def run(self):
        index = 0
        while not self.ending.is_set():
            try:
                answer = self.member.get(f"/v1/kv/followed?raw&wait=5s&index={index}", timeout=30)
            except OSError:
                self.ending.wait(0.05)
                continue
            if answer.status != 200:
                self.ending.wait(0.05)
                continue
            if answer.index() < index:
                self.wrong = f"index went back from {index} to {answer.index()}"
            index = answer.index()
            self.seen.append(int(answer.text()))


class LeaderChanges(unittest.TestCase):
    def test_watchers_at_followers_miss_nothing(self):
        with Cluster(3) as cluster:
            cluster.write("followed", "0")
            first = cluster.leader()
            watchers = [Watcher(member) for member in cluster.followers()]
            for watcher in watchers:
                watcher.start()

            def all_saw(number):
                return all(watcher.seen and watcher.seen[-1] == number for watcher in watchers)
            # One write, and the next once every watcher saw it: so each must see each.
            for number in range(1, 11):
                if number == 5:
                    first.kill()
                cluster.write("followed", str(number), watchers[number % 2].member)
                eventually(lambda number=number: all_saw(number), f"{number} not seen", cluster)
            for watcher in watchers:
                watcher.ending.set()
                watcher.join()
                self.assertIsNone(watcher.wrong)
                numbers = sorted(set(watcher.seen))
                self.assertEqual(numbers, list(range(numbers[0], 11)))
                self.assertEqual(watcher.seen, sorted(watcher.seen))


if __name__ == "__main__":
    unittest.main()
