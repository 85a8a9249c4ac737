"""User events on the command line, against a real server and a cluster (contract 11, 17)."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import unittest

from cluster import Cluster, eventually
from server_process import START_DEADLINE_S, ServerProcess, binary, wait_until


class EventCommand(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)

    def test_events_survive_a_restart(self):
        fired = self.server.run("event", "-name=deploy", "2.4")
        self.assertEqual(fired.returncode, 0, fired.stderr)
        event_id = re.fullmatch(r"Event ID: ([0-9a-f-]{36})\n", fired.stdout).group(1)
        before = self.server.get("/v1/event/list")
        self.assertEqual([one["ID"] for one in before.json()], [event_id])
        self.server.kill()
        self.server.start()
        after = self.server.get("/v1/event/list")
        self.assertEqual((after.json(), after.index()), (before.json(), before.index()))

    def test_a_watch_is_given_only_what_is_new(self):
        self.server.run("event", "-name=old", "0")
        seen = pathlib.Path(self.scratch.name, "seen")
        process = subprocess.Popen(
            [binary(), "watch", "-type=event", "-name=deploy", f"cat >> {seen}"],
            env={**os.environ, "CONSUL_HTTP_ADDR": self.server.address})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def payloads():
            lines = seen.read_text().splitlines() if seen.exists() else []
            return [[one["Payload"] for one in json.loads(line)] for line in lines]

        wait_until(lambda: payloads() == [[]])
        self.server.run("event", "-name=deploy", "1")
        wait_until(lambda: payloads() == [[], ["MQ=="]])
        self.server.run("event", "-name=other", "x")
        self.server.run("event", "-name=deploy", "2")
        wait_until(lambda: payloads() == [[], ["MQ=="], ["Mg=="]])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=START_DEADLINE_S), 0)

    def test_what_makes_no_sense_is_refused(self):
        for words, sentence in (
                ((), "Event name must be specified\n"),
                (("-name=x", "-tag=a"), "Cannot provide tag filter without service filter.\n"),
                (("-name=x", "a", "b"), "Too many command line arguments.\n"),
                (("-name=x", "y" * 600), "Error firing event: Unexpected response code: 500 (user "
                                         "event exceeds configured limit of 512 bytes before "
                                         "encoding)\n")):
            ran = self.server.run("event", *words)
            self.assertEqual((ran.returncode, ran.stderr), (1, sentence))


class EventsOfACluster(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(3).start()
        cls.addClassCleanup(cls.cluster.close)

    def fire(self, member, *flags):
        """The id, once the cluster took it."""
        def fired():
            ran = member.run("event", *flags)
            return ran.stdout.split()[-1] if ran.returncode == 0 else None
        return eventually(fired, "the event cannot be fired", self.cluster)

    def listed(self, member, name):
        """Ids in order and the index, as that server itself knows them."""
        answer = member.get(f"/v1/event/list?name={name}&stale")
        return [one["ID"] for one in answer.json()], answer.index()

    def wait_for(self, member, name, ids):
        eventually(lambda: self.listed(member, name)[0] == ids,
                   f"{member.node} does not list {ids}", self.cluster)

    def test_every_server_lists_the_same_in_the_same_order(self):
        followers = self.cluster.followers()
        ids = [self.fire(member, "-name=order", str(number))
               for number, member in enumerate([*followers, *followers])]
        for member in self.cluster.members:
            self.wait_for(member, "order", ids)
        lists = [member.get("/v1/event/list?name=order") for member in self.cluster.members]
        self.assertEqual(len({answer.body for answer in lists}), 1)
        self.assertEqual(len({answer.index() for answer in lists}), 1)
        times = [one["LTime"] for one in lists[0].json()]
        self.assertEqual(times, sorted(set(times)))

    def test_a_wait_at_one_server_ends_when_another_one_fires(self):
        here, there = self.cluster.followers()
        first = self.fire(here, "-name=wait")
        self.wait_for(there, "wait", [first])
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(there.get(
            f"/v1/event/list?name=wait&index={self.listed(there, 'wait')[1]}&wait=60s")))
        waiting.start()
        second = self.fire(here, "-name=wait")
        waiting.join()
        self.assertEqual([one["ID"] for one in answers[0].json()], [first, second])

    def test_an_event_is_for_the_agents_that_its_filters_choose(self):
        one, two, three = self.cluster.members
        two.put("/v1/agent/service/register", {"Name": "web", "Tags": ["canary"]})
        eventually(lambda: three.get("/v1/catalog/service/web").json(), "no service", self.cluster)
        by_node = self.fire(three, "-name=chosen", "-node=^" + one.node + "$")
        by_service = self.fire(three, "-name=chosen", "-service=web", "-tag=^can")
        everybody = self.fire(three, "-name=chosen")
        self.wait_for(one, "chosen", [by_node, everybody])
        self.wait_for(two, "chosen", [by_service, everybody])
        self.wait_for(three, "chosen", [everybody])

    def test_events_outlive_their_leader(self):
        leader = self.cluster.leader()
        before = self.fire(self.cluster.followers()[0], "-name=outlive")
        leader.kill()
        survivor = self.cluster.followers()[0]
        after = self.fire(survivor, "-name=outlive")
        leader.start()
        for member in self.cluster.members:
            self.wait_for(member, "outlive", [before, after])


if __name__ == "__main__":
    unittest.main()
