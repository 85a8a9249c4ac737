"""Debian's python3-consul, unmodified: keys, cas, sessions, locks, agent, catalog, health,
events, queries, coordinates.

Oracle: the client's own code and test suite; it raises on every status it does not expect.
"""

import sys
import threading
import time
import unittest

from server_process import ServerProcess, free_port

try:
    import consul
except ImportError:
    print("skipped: python3-consul is not installed")
    sys.exit(77)


def eventually(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what}")


class PythonConsulTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess(config={"enable_script_checks": True}).start()
        cls.client = consul.Consul(port=cls.server.http_port)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    # Keys

    def test_a_missing_key_is_none_and_has_an_index(self):
        index, data = self.client.kv.get("py/missing")
        self.assertIsNone(data)
        self.assertGreater(int(index), 0)

    def test_put_get_and_flags(self):
        self.assertIs(self.client.kv.put("py/a", "bar", flags=50), True)
        index, data = self.client.kv.get("py/a")
        self.assertEqual(data["Value"], b"bar")
        self.assertEqual(data["Flags"], 50)
        self.assertEqual(int(index), data["ModifyIndex"])

    def test_binary_values_survive(self):
        value = bytes(range(256))
        self.client.kv.put("py/binary", value)
        self.assertEqual(self.client.kv.get("py/binary")[1]["Value"], value)

    def test_an_empty_value_is_none(self):
        self.client.kv.put("py/empty", "")
        self.assertIsNone(self.client.kv.get("py/empty")[1]["Value"])

    def test_put_with_cas(self):
        self.assertIs(self.client.kv.put("py/cas", "one", cas=50), False)
        self.assertIs(self.client.kv.put("py/cas", "one", cas=0), True)
        index = self.client.kv.get("py/cas")[1]["ModifyIndex"]
        self.assertIs(self.client.kv.put("py/cas", "two", cas=index - 1), False)
        self.assertIs(self.client.kv.put("py/cas", "two", cas=index), True)
        self.assertEqual(self.client.kv.get("py/cas")[1]["Value"], b"two")

    def test_delete_with_cas(self):
        self.client.kv.put("py/delcas", "x")
        index = self.client.kv.get("py/delcas")[1]["ModifyIndex"]
        self.assertIs(self.client.kv.delete("py/delcas", cas=index + 1), False)
        self.assertIs(self.client.kv.delete("py/delcas", cas=index), True)
        self.assertIsNone(self.client.kv.get("py/delcas")[1])

    def test_recurse_and_keys(self):
        for key in ("py/tree/a", "py/tree/b/c", "py/tree/b/d"):
            self.client.kv.put(key, key)
        _, entries = self.client.kv.get("py/tree/", recurse=True)
        self.assertEqual([e["Key"] for e in entries], ["py/tree/a", "py/tree/b/c", "py/tree/b/d"])
        _, keys = self.client.kv.get("py/tree/", keys=True, separator="/")
        self.assertEqual(keys, ["py/tree/a", "py/tree/b/"])
        self.assertIs(self.client.kv.delete("py/tree/", recurse=True), True)
        self.assertIsNone(self.client.kv.get("py/tree/", recurse=True)[1])

    def test_a_subscription_wakes_for_a_write(self):
        self.client.kv.put("py/watched", "old")
        index, _ = self.client.kv.get("py/watched")
        writer = threading.Timer(0.2, lambda: self.client.kv.put("py/watched", "new"))
        writer.start()
        _, data = self.client.kv.get("py/watched", index=index, wait="30s")
        writer.join()
        self.assertEqual(data["Value"], b"new")

    # Sessions and locks

    def test_a_lock_is_held_by_one_session(self):
        first, second = self.client.session.create(), self.client.session.create()
        self.assertIs(self.client.kv.put("py/lock", "1", acquire=first), True)
        self.assertIs(self.client.kv.put("py/lock", "2", acquire=second), False)
        entry = self.client.kv.get("py/lock")[1]
        self.assertEqual((entry["Session"], entry["LockIndex"]), (first, 1))
        self.assertIs(self.client.kv.put("py/lock", "3", release="foo"), False)
        self.assertIs(self.client.kv.put("py/lock", "4", release=first), True)
        self.assertNotIn("Session", self.client.kv.get("py/lock")[1])
        for session in (first, second):
            self.assertIs(self.client.session.destroy(session), True)

    def test_an_unknown_session_is_refused(self):
        with self.assertRaises(consul.ConsulException):
            self.client.kv.put("py/lock2", "1", acquire="00000000-0000-0000-0000-000000000000")

    def test_session_life(self):
        session = self.client.session.create("py-name", ttl=20, behavior="delete", lock_delay=0)
        _, info = self.client.session.info(session)
        self.assertEqual(
            (info["Name"], info["TTL"], info["Behavior"], info["LockDelay"]),
            ("py-name", "20s", "delete", 0),
        )
        self.assertEqual(self.client.session.renew(session)["ID"], session)
        self.client.kv.put("py/ephemeral", "x", acquire=session)
        self.assertIs(self.client.session.destroy(session), True)
        self.assertIsNone(self.client.kv.get("py/ephemeral")[1])
        with self.assertRaises(consul.NotFound):
            self.client.session.renew(session)
        self.assertNotIn(session, [s["ID"] for s in self.client.session.list()[1]])

    def test_sessions_of_a_node(self):
        session = self.client.session.create()
        _, listed = self.client.session.node("test-node")
        self.assertIn(session, [s["ID"] for s in listed])
        self.client.session.destroy(session)

    # Agent

    def test_self_has_exactly_the_known_members(self):
        info = self.client.agent.self()
        self.assertEqual(
            set(info), {"Config", "DebugConfig", "Coord", "Member", "Stats", "Meta"}
        )
        self.assertIn(info["Member"], self.client.agent.members())

    def test_services_come_and_go(self):
        agent = self.client.agent
        self.assertEqual(agent.services(), {})
        self.assertIs(agent.service.register("py-svc", tags=["a", "b"], port=9), True)
        self.assertEqual(set(agent.services()), {"py-svc"})
        _, nodes = self.client.health.service("py-svc")
        self.assertEqual(nodes[0]["Service"]["Tags"], ["a", "b"])
        self.assertEqual(self.client.catalog.service("py-svc")[1][0]["ServicePort"], 9)
        self.assertIs(agent.service.deregister("py-svc"), True)
        self.assertEqual(agent.services(), {})
        self.assertEqual(self.client.health.service("py-svc")[1], [])

    def test_a_ttl_check_decides_what_is_passing(self):
        agent, health = self.client.agent, self.client.health
        agent.service.register("py-ttl", check=consul.Check.ttl("60s"))
        check_id = "service:py-ttl"
        passing = lambda: len(health.service("py-ttl", passing=True)[1])
        self.assertEqual(passing(), 0)
        for verb, expected in (
            (agent.check.ttl_pass, 1),
            (agent.check.ttl_warn, 0),
            (agent.check.ttl_pass, 1),
            (agent.check.ttl_fail, 0),
        ):
            self.assertIs(verb(check_id), True)
            eventually(lambda: passing() == expected, f"{expected} passing")
        agent.service.deregister("py-ttl")

    def test_tcp_and_http_checks_are_run(self):
        port = self.server.http_port
        for name, check in (
            ("py-tcp", consul.Check.tcp("127.0.0.1", port, "1s")),
            ("py-http", consul.Check.http(f"http://127.0.0.1:{port}/v1/status/leader", "1s")),
        ):
            self.client.agent.service.register(name, check=check)
            eventually(
                lambda name=name: self.client.health.service(name, passing=True)[1],
                f"{name} passes",
            )
            self.client.agent.service.deregister(name)
        self.client.agent.service.register(
            "py-dead", check=consul.Check.tcp("127.0.0.1", free_port(), "1s")
        )
        eventually(
            lambda: "refused" in self.client.agent.checks()["service:py-dead"]["Output"],
            "py-dead is refused",
        )
        self.client.agent.service.deregister("py-dead")

    def test_maintenance(self):
        agent = self.client.agent
        agent.service.register("py-maint")
        agent.service.maintenance("py-maint", "true", "being mended")
        check = agent.checks()["_service_maintenance:py-maint"]
        self.assertEqual((check["Status"], check["Notes"]), ("critical", "being mended"))
        agent.service.maintenance("py-maint", "false")
        self.assertNotIn("_service_maintenance:py-maint", agent.checks())
        agent.maintenance("true")
        self.assertIn("_node_maintenance", agent.checks())
        agent.maintenance("false")
        self.assertNotIn("_node_maintenance", agent.checks())
        agent.service.deregister("py-maint")

    # Catalog, health, status

    def test_catalog_of_an_external_node(self):
        catalog = self.client.catalog
        self.assertIs(
            catalog.register(
                "py-external",
                "10.10.10.11",
                service={"service": "py-db", "port": 5432, "tags": ["x"]},
                check={"name": "alive", "status": "passing", "node": "py-external"},
            ),
            True,
        )
        self.assertIn("py-external", [n["Node"] for n in catalog.nodes()[1]])
        self.assertEqual(catalog.services()[1]["py-db"], ["x"])
        self.assertEqual(catalog.node("py-external")[1]["Node"]["Address"], "10.10.10.11")
        self.assertEqual(
            [c["CheckID"] for c in self.client.health.node("py-external")[1]], ["alive"]
        )
        self.assertIn(
            "py-external", [c["Node"] for c in self.client.health.state("passing")[1]]
        )
        self.assertIs(catalog.deregister("py-external"), True)
        self.assertIsNone(catalog.node("py-external")[1])
        self.assertEqual(catalog.datacenters(), ["dc1"])

    def test_another_datacenter_is_an_error(self):
        with self.assertRaises(consul.ConsulException):
            self.client.catalog.nodes(dc="dc9")

    def test_status_and_raft_configuration(self):
        self.assertRegex(self.client.status.leader(), r"^127\.0\.0\.1:\d+$")
        self.assertEqual(self.client.status.peers(), [self.client.status.leader()])
        servers = self.client.operator.raft_config()["Servers"]
        self.assertEqual([(s["Node"], s["Leader"], s["Voter"]) for s in servers],
                         [("test-node", True, True)])

    # Events, queries, coordinates

    def test_events_are_fired_listed_and_waited_for(self):
        index, before = self.client.event.list(name="py-deploy")
        self.assertEqual(before, [])
        fired = self.client.event.fire("py-deploy", "2.4.1", service="web", tag="x")
        self.assertEqual((fired["Name"], fired["ServiceFilter"]), ("py-deploy", "web"))
        open_to_all = self.client.event.fire("py-deploy", "2.4.2")
        woken, listed = self.client.event.list(name="py-deploy", index=index, wait="30s")
        self.assertNotEqual(woken, index)
        # This agent has no service "web".
        self.assertEqual([(event["ID"], event["Payload"]) for event in listed],
                         [(open_to_all["ID"], b"2.4.2")])
        with self.assertRaises(consul.ConsulException):
            self.client.event.fire("py-large", "x" * 600)

    def test_queries_are_made_executed_changed_and_removed(self):
        agent, query = self.client.agent, self.client.query
        agent.service.register("py-query", tags=["a"], port=9)
        self.addCleanup(agent.service.deregister, "py-query")
        # This client makes a template of every query.
        made = query.create("py-query", name="py-q", onlypassing=True, tags=["a"], ttl="3s")["ID"]
        self.assertEqual(query.get(made)[0]["Service"]["Tags"], ["a"])
        self.assertIn(made, [one["ID"] for one in query.list()])
        found = eventually(lambda: query.execute("py-q")["Nodes"], "py-query is found")
        self.assertEqual([one["Service"]["ID"] for one in found], ["py-query"])
        self.assertEqual(query.execute("py-q", near="_agent", limit=1)["DNS"]["TTL"], "3s")
        self.assertEqual(query.explain("py-q")["Query"]["ID"], made)
        self.assertIs(query.update(made, service="py-query", name="py-q", tags=["b"]), True)
        self.assertEqual(query.execute("py-q")["Nodes"], [])
        self.assertIs(query.delete(made), True)
        self.assertIsNone(query.get(made)[1])

    def test_coordinates_are_listed(self):
        datacenters = self.client.coordinate.datacenters()
        self.assertEqual([one["Datacenter"] for one in datacenters], ["dc1"])
        self.client.catalog.register("py-far", "10.10.10.12")
        coordinate = {"Vec": [0.1] * 8, "Error": 1.5, "Adjustment": 0.0, "Height": 1e-05}
        self.assertEqual(self.server.put("/v1/coordinate/update",
                                         {"Node": "py-far", "Coord": coordinate}).status, 200)
        index, nodes = self.client.coordinate.nodes()
        while "py-far" not in [one["Node"] for one in nodes]:
            index, nodes = self.client.coordinate.nodes(index=index, wait="30s")
        self.assertEqual(nodes[0]["Coord"], coordinate)
        self.client.catalog.deregister("py-far")


if __name__ == "__main__":
    unittest.main()
