"""What X-Consul-Index is for each endpoint, row by row of contract 2.3, against the running server:
what moves it, and that whoever waits is not woken by what does not concern him. And that nobody
misses a change while many write.

Oracle: contract 2.2 and 2.3. A wait that must last is proved by what ends it: the answer that comes
in the end has the index of that, and not of what was written before.
"""

import json
import threading
import unittest
import uuid

from server_process import ServerProcess, wait_until

WAIT = "10m"


class Waiter(threading.Thread):
    """A blocking query in the background, which has begun to wait."""

    def __init__(self, server, target, index):
        super().__init__(daemon=True)
        mark = "&" if "?" in target else "?"
        self.server, self.target = server, f"{target}{mark}wait={WAIT}&index={index}"
        self.answer = None
        before = server.parked_queries()
        self.start()
        wait_until(lambda: server.parked_queries() > before)

    def run(self):
        self.answer = self.server.get(self.target, timeout=120)

    def result(self):
        self.join(120)
        return self.answer


class IndexRules(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.name = uuid.uuid4().hex

    # What is written.

    def put(self, key, value=None):
        answer = self.server.put(f"/v1/kv/{key}", value or uuid.uuid4().hex)
        self.assertEqual(answer.body, b"true")

    def register(self, node, service=None, check=None):
        body = {"Node": node, "Address": "10.0.0.1"}
        if service:
            body["Service"] = {"ID": service, "Service": service, "Meta": {"at": uuid.uuid4().hex}}
        if check:
            body["Check"] = {"Node": node, "CheckID": check, "Name": check, "Status": "passing",
                             "ServiceID": service or "", "Output": uuid.uuid4().hex}
        answer = self.server.put("/v1/catalog/register", json.dumps(body))
        self.assertEqual(answer.body, b"true", answer.text())

    def deregister(self, node, **what):
        body = json.dumps({"Node": node, **what})
        self.assertEqual(self.server.put("/v1/catalog/deregister", body).body, b"true")

    def session(self):
        created = self.server.put("/v1/session/create", json.dumps({"TTL": "1h"}))
        return created.json()["ID"]

    def query(self):
        body = json.dumps({"Name": uuid.uuid4().hex, "Service": {"Service": "web"}})
        return self.server.request("POST", "/v1/query", body).json()["ID"]

    def event(self):
        self.assertEqual(self.server.put(f"/v1/event/fire/{self.name}").status, 200)

    def write_all_but(self, *spared):
        """Writes of every kind that do not concern this test's names."""
        other = uuid.uuid4().hex
        kinds = {
            "keys": lambda: self.put(other),
            "sessions": self.session,
            "services": lambda: self.register(f"n-{other}", f"s-{other}", f"c-{other}"),
            "queries": self.query,
            "events": self.event,
        }
        for kind, write in kinds.items():
            if kind not in spared:
                write()

    # What is claimed.

    def index(self, target):
        return self.server.get(target).index()

    def check_waits_for(self, target, concern, spared=()):
        """`concern()` wakes who waits for `target`; writes of every kind that is not spared do not.
        With kinds to spare those are part of what concerns it."""
        before = self.index(target)
        waiter = Waiter(self.server, target, before)
        self.write_all_but(*spared)
        self.assertEqual(self.index(target), before, f"{target}: moved by what does not concern it")
        self.assertIsNone(waiter.answer, f"{target}: woken by what does not concern it")
        concern()
        answer = waiter.result()
        self.assertIsNotNone(answer, f"{target}: not woken")
        self.assertGreater(answer.index(), before)
        self.assertEqual(answer.index(), self.index(target), f"{target}: woken too early")
        return answer

    # One test for each row.

    def test_a_key_has_its_own_modify_index(self):
        self.put(self.name)
        target = f"/v1/kv/{self.name}"
        entry = self.server.get(target).json()[0]
        self.assertEqual(self.index(target), entry["ModifyIndex"])
        self.check_waits_for(target, lambda: self.put(self.name))
        gone = self.check_waits_for(target, lambda: self.server.delete(target))
        self.assertEqual(gone.status, 404)

    def test_a_missing_key_has_the_tables_index_and_waits_until_it_is_there(self):
        target = f"/v1/kv/{self.name}"
        self.put("other")
        before = self.index(target)
        self.assertEqual(before, self.index("/v1/kv/other"), "the newest of all keys")
        waiter = Waiter(self.server, target, before)
        self.write_all_but()
        self.assertGreater(self.index(target), before)
        self.assertIsNone(waiter.answer, "not found and still not: it goes on waiting")
        self.put(self.name)
        self.assertEqual(waiter.result().status, 200)

    def test_all_keys_move_with_every_key_and_every_deletion(self):
        for target in ("/v1/kv/?recurse", "/v1/kv/?keys"):
            self.check_waits_for(target, lambda: self.put(self.name), spared=["keys"])
            self.check_waits_for(target, lambda: self.server.delete(f"/v1/kv/{self.name}"),
                                 spared=["keys"])

    def test_a_prefix_moves_with_what_is_below_it_and_rises_by_deletions(self):
        for target in (f"/v1/kv/{self.name}/?recurse", f"/v1/kv/{self.name}/?keys"):
            self.put(f"{self.name}/a")
            self.put(f"{self.name}/b")
            self.put("unrelated")
            self.assertLess(self.index(target), self.index("/v1/kv/unrelated"))
            self.check_waits_for(target, lambda: self.put(f"{self.name}/a"))
            before = self.index(target)
            self.check_waits_for(target, lambda: self.server.delete(f"/v1/kv/{self.name}/b"))
            self.assertGreater(self.index(target), before, "by its tombstone")

    def test_a_prefix_that_never_was_has_the_tables_index(self):
        self.put("unrelated")
        self.assertEqual(self.index(f"/v1/kv/{self.name}/?recurse"), self.index("/v1/kv/unrelated"))

    def test_sessions_move_with_the_table(self):
        known = self.session()
        node = self.server.node
        for target in ("/v1/session/list", f"/v1/session/info/{known}", f"/v1/session/node/{node}"):
            self.check_waits_for(target, self.session, spared=["sessions"])
        self.check_waits_for("/v1/session/list",
                             lambda: self.server.put(f"/v1/session/destroy/{known}"),
                             spared=["sessions"])

    def test_nodes_move_with_the_table(self):
        target = "/v1/catalog/nodes"
        self.check_waits_for(target, lambda: self.register(self.name), spared=["services"])
        # An instance on a node that is there is none of a list of nodes' business.
        before = self.index(target)
        self.register(self.name, f"s-{self.name}")
        self.assertEqual(self.index(target), before)
        self.deregister(self.name)
        self.assertGreater(self.index(target), before)

    def test_names_of_services_move_with_any_instance(self):
        target = "/v1/catalog/services"
        self.register(self.name)
        self.check_waits_for(target, lambda: self.register(self.name, f"s-{self.name}"),
                             spared=["services"])
        before = self.index(target)
        self.register(f"{self.name}-2")
        self.assertEqual(self.index(target), before, "a node alone is no service")
        self.assertGreaterEqual(self.index(f"{target}?node-meta=a:b"),
                                self.index("/v1/catalog/nodes"), "about nodes: moves with them")
        self.deregister(self.name, ServiceID=f"s-{self.name}")
        self.assertGreater(self.index(target), before)

    def test_a_service_moves_with_its_instances_their_checks_and_nodes(self):
        service = f"s-{self.name}"
        targets = (f"/v1/catalog/service/{service}", f"/v1/health/service/{service}",
                   f"/v1/health/checks/{service}", f"/v1/health/service/{service}?passing")
        self.register(self.name, service, f"c-{self.name}")
        concerns = {
            "instance": lambda: self.register(self.name, service),
            "check of the instance": lambda: self.register(self.name, service, f"c-{self.name}"),
            "check of its node": lambda: self.register(self.name, None, f"n-{self.name}"),
            "another instance": lambda: self.register(f"{self.name}-{uuid.uuid4().hex}", service),
        }
        for target in targets:
            for what, concern in concerns.items():
                with self.subTest(target=target, what=what):
                    self.check_waits_for(target, concern)

    def test_a_service_without_instances_has_the_index_of_the_last_extinction(self):
        service = f"s-{self.name}"
        self.register(self.name, service)
        self.deregister(self.name, ServiceID=service)
        extinct = self.index(f"/v1/health/service/{service}")
        self.register(self.name, f"{service}-other")
        self.assertEqual(self.index(f"/v1/health/service/{service}"), extinct)
        self.deregister(self.name, ServiceID=f"{service}-other")
        self.assertGreater(self.index("/v1/catalog/service/never-was"), extinct)
        waiter = Waiter(self.server, f"/v1/catalog/service/{service}",
                        self.index(f"/v1/catalog/service/{service}"))
        self.write_all_but()
        self.assertIsNone(waiter.answer)
        self.register(self.name, service)
        self.assertEqual(len(waiter.result().json()), 1)

    def test_a_node_moves_with_what_is_on_it(self):
        self.register(self.name, f"s-{self.name}")
        for target in (f"/v1/catalog/node/{self.name}", f"/v1/catalog/node-services/{self.name}"):
            self.check_waits_for(target, lambda: self.register(self.name, f"s-{self.name}"))
            self.check_waits_for(
                target, lambda: self.register(self.name, None, f"c-{uuid.uuid4().hex}"))
        self.deregister(self.name)
        extinct = self.index(f"/v1/catalog/node/{self.name}")
        self.register("somebody-else")
        self.assertEqual(self.index(f"/v1/catalog/node/{self.name}"), extinct)

    def test_checks_of_a_node_and_in_a_state_move_with_checks(self):
        self.register(self.name, None, "c")
        for target in (f"/v1/health/node/{self.name}", "/v1/health/state/any",
                       "/v1/health/state/passing"):
            self.check_waits_for(target, lambda: self.register(self.name, None, "c"),
                                 spared=["services"])
            before = self.index(target)
            self.register(f"{self.name}-{uuid.uuid4().hex}", f"s-{self.name}")
            self.assertEqual(self.index(target), before, "no check, no matter")

    def test_prepared_queries_move_with_their_table(self):
        known = self.query()
        for target in ("/v1/query", f"/v1/query/{known}"):
            self.check_waits_for(target, self.query, spared=["queries"])

    def test_events_have_the_identity_of_the_newest(self):
        self.event()
        target = f"/v1/event/list?name={self.name}"
        listed = self.server.get(target)
        newest = uuid.UUID(listed.json()[-1]["ID"]).int
        self.assertEqual(listed.index(), (newest >> 64) ^ (newest & (2**64 - 1)))
        waiter = Waiter(self.server, target, listed.index())
        self.write_all_but("events")
        self.assertIsNone(waiter.answer)
        self.event()
        self.assertEqual(len(waiter.result().json()), 2)

    def test_coordinates_move_with_their_table(self):
        self.register(self.name)
        target = "/v1/coordinate/nodes"
        before = self.index(target)
        waiter = Waiter(self.server, target, before)
        self.write_all_but()
        self.assertIsNone(waiter.answer)
        point = {"Vec": [0.1] * 8, "Error": 1.5, "Adjustment": 0, "Height": 0.1}
        body = json.dumps({"Node": self.name, "Coord": point})
        self.assertEqual(self.server.put("/v1/coordinate/update", body).status, 200)
        self.assertIn(self.name, waiter.result().text())

    def test_what_has_no_index_answers_at_once(self):
        for target in ("/v1/status/leader", "/v1/status/peers", "/v1/agent/self",
                       "/v1/operator/raft/configuration", "/v1/coordinate/datacenters",
                       "/v1/catalog/datacenters"):
            answer = self.server.get(f"{target}?index=999999&wait={WAIT}", timeout=30)
            self.assertEqual(answer.status, 200, target)
            self.assertNotIn("X-Consul-Index", answer.headers, target)

    # Nobody misses a change.

    def test_no_change_is_missed_while_many_write(self):
        rounds, writers, watchers = 60, 4, 4
        prefix = f"{self.name}/"
        self.put(f"{prefix}begun")
        seen_end = []

        def write(number):
            for turn in range(rounds):
                self.put(f"{prefix}{number}", f"{turn}")

        def watch(target):
            index = self.index(target)
            while True:
                answer = self.server.get(f"{target}&wait={WAIT}&index={index}", timeout=120)
                self.assertGreaterEqual(answer.index(), index)
                index = answer.index()
                if all(f'"{prefix}end-{number}"' in answer.text() for number in range(writers)):
                    seen_end.append(target)
                    return

        targets = [f"/v1/kv/{prefix}?recurse&watcher={n % 2}" for n in range(watchers)]
        threads = [threading.Thread(target=watch, args=[target]) for target in targets]
        threads += [threading.Thread(target=write, args=[number]) for number in range(writers)]
        for thread in threads:
            thread.start()
        for thread in threads[watchers:]:
            thread.join()
        # The last writes are the only ones of their keys: a watcher that missed one waits for ever.
        ends = [threading.Thread(target=self.put, args=[f"{prefix}end-{number}"])
                for number in range(writers)]
        for thread in ends:
            thread.start()
        for thread in threads[:watchers] + ends:
            thread.join(120)
        self.assertEqual(sorted(seen_end), sorted(targets))


if __name__ == "__main__":
    unittest.main()
