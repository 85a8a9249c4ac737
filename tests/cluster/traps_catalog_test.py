"""The traps of contract section 20 that concern the catalog, the agent, the command line and the
configuration, each against the running server. Those of keys are in traps_keys_test.py; the table
of all is in tests/README.md.

Oracle: contract section 20, and the sections that each test names.
"""

import json
import pathlib
import signal
import tempfile
import unittest
import uuid

from cluster import Cluster
from server_process import ServerProcess, free_port, wait_until

# What the official Go harness writes (section 18), and keys of every part of the public reference
# that change nothing here.
HARNESS_CONFIG = {
    "node_name": "node-8d66c5fd-39ce-0fd2-b3ac-2f416119838b",
    "node_id": "8d66c5fd-39ce-0fd2-b3ac-2f416119838b",
    "performance": {"raft_multiplier": 1}, "bootstrap": True, "server": True,
    "segments": None, "disable_update_check": True, "log_level": "debug",
    "bind_addr": "127.0.0.1", "addresses": {}, "acl": {"tokens": {}},
    "connect": {"ca_config": {"cluster_id": "11111111-2222-3333-4444-555555555555"},
                "enabled": True},
    "skip_leave_on_interrupt": True, "peering": {"enabled": True}, "version": "1.20.0",
    "locality": {"region": "here", "zone": "a"}, "audit": {"enabled": False},
    "autopilot": {"server_stabilization_time": "1s"}, "enable_debug": True,
    "experiments": [], "raft_protocol": 3, "datacenter": "dc1", "primary_datacenter": "dc1",
    "enable_script_checks": True, "disable_remote_exec": True, "use_streaming_backend": True,
    "rpc": {"enable_streaming": True}, "raft_logstore": {"backend": "boltdb"},
    "dns_config": {"allow_stale": True, "node_ttl": "5s", "service_ttl": {"*": "5s"}},
    "limits": {"rpc_rate": -1, "request_limits": {"mode": "disabled"}},
    "telemetry": {"disable_hostname": True, "prometheus_retention_time": "60s"},
    "ui_config": {"enabled": False}, "config_entries": {"bootstrap": []},
    "raft_snapshot_threshold": 16384, "raft_trailing_logs": 10240, "reconnect_timeout": "72h",
}


def ports_of_harness():
    names = ("dns", "http", "https", "serf_lan", "serf_wan", "server", "grpc", "grpc_tls")
    return {name: free_port() for name in names}


class TrapsCatalog(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def register(self, node, service=None, **more):
        body = {"Node": node, "Address": "10.0.0.1", **more}
        if service:
            body["Service"] = service
        self.assertEqual(self.server.put("/v1/catalog/register", body).body, b"true")

    def test_trap_15_an_unknown_service_has_the_index_of_the_last_extinction(self):
        """Section 2.3: it moves when some service loses its last instance, and at nothing else."""
        self.register("t15", {"Service": "t15-gone"})
        self.server.put("/v1/catalog/deregister", {"Node": "t15", "ServiceID": "t15-gone"})
        extinct = self.server.get("/v1/health/service/t15-unknown").index()
        self.register("t15", {"Service": "t15-stays"})
        self.assertEqual(self.server.get("/v1/health/service/t15-unknown").index(), extinct)
        self.register("t15", {"Service": "t15-gone"})
        self.server.put("/v1/catalog/deregister", {"Node": "t15", "ServiceID": "t15-gone"})
        self.assertGreater(self.server.get("/v1/health/service/t15-unknown").index(), extinct)

    def test_trap_16_catalog_and_health_list_instances_in_one_order(self):
        """Section 8.2: by node, then service id, without case."""
        for node in ("t16-b", "T16-A", "t16-c"):
            for instance in ("z", "Y", "x"):
                self.register(node, {"ID": instance, "Service": "t16"})
        catalog = [(one["Node"], one["ServiceID"])
                   for one in self.server.get("/v1/catalog/service/t16").json()]
        health = [(one["Node"]["Node"], one["Service"]["ID"])
                  for one in self.server.get("/v1/health/service/t16").json()]
        self.assertEqual(catalog, health)
        self.assertEqual(catalog, sorted(catalog, key=lambda one: (one[0].lower(), one[1].lower())))

    def test_trap_17_an_unknown_node_is_null(self):
        """Section 8.2."""
        answer = self.server.get("/v1/catalog/node/t17")
        self.assertEqual((answer.status, answer.body), (200, b"null"))

    def test_trap_18_errors_are_plain_text_with_exact_beginnings(self):
        """Section 1.2: 500 for what is wrong with a session and for an unknown datacenter."""
        cases = [
            ("/v1/session/create", {"TTL": "1s"}, "Invalid Session TTL '1000000000', must be "
             "between [10s=24h0m0s]"),
            ("/v1/session/create", {"Node": "t18-none"}, "Missing node registration"),
            ("/v1/session/create", {"Behavior": "x"}, "Invalid Behavior setting 'x'"),
            ("/v1/kv/t18?acquire=nope", "x", 'invalid session "nope"'),
            ("/v1/kv/t18?dc=nowhere", "x", "No path to datacenter"),
            ("/v1/catalog/register", {"Node": "n", "Address": "a", "Datacenter": "nowhere"},
             "No path to datacenter"),
        ]
        for target, body, text in cases:
            answer = self.server.put(target, body)
            self.assertEqual((answer.status, answer.text()), (500, text), target)
            self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        for target in ("/v1/catalog/nodes", "/v1/health/state/any", "/v1/session/list",
                       "/v1/kv/a"):
            answer = self.server.get(f"{target}?dc=nowhere")
            self.assertEqual((answer.status, answer.text()), (500, "No path to datacenter"), target)

    def test_trap_19_a_transaction_collects_all_errors(self):
        """Section 4."""
        answer = self.server.put("/v1/txn", [
            {"KV": {"Verb": "set", "Key": "t19", "Value": ""}},
            {"KV": {"Verb": "get", "Key": "t19-none"}},
            {"Node": {"Verb": "get", "Node": {"Node": "t19-none"}}},
            {"Check": {"Verb": "delete-cas",
                       "Check": {"Node": "test-node", "CheckID": "serfHealth",
                                 "ModifyIndex": 1}}}])
        self.assertEqual(answer.status, 409)
        self.assertEqual(answer.json(), {"Results": None, "Errors": [
            {"OpIndex": 1, "What": 'key "t19-none" doesn\'t exist'},
            {"OpIndex": 2, "What": 'node "t19-none" doesn\'t exist'},
            {"OpIndex": 3, "What": 'failed to delete check "serfHealth" on node "test-node", '
                                   'index is stale'}]})
        self.assertEqual(self.server.get("/v1/kv/t19").status, 404)

    def test_trap_20_registering_again_keeps_the_status_of_checks(self):
        """Section 6.1. That foreign services on an agent's node go: agent/sync's own tests; it
        takes a minute."""
        body = {"Name": "t20", "Check": {"TTL": "1h"}}
        self.server.put("/v1/agent/service/register", body)
        self.server.put("/v1/agent/check/pass/service:t20?note=fine")
        self.server.put("/v1/agent/service/register", {**body, "Port": 20})
        check = self.server.get("/v1/agent/checks").json()["service:t20"]
        self.assertEqual((check["Status"], check["Output"]), ("passing", "fine"))

    def test_trap_21_health_speaks_in_status_codes(self):
        """Section 6.3."""
        self.server.put("/v1/agent/service/register", {"Name": "t21", "Check": {"TTL": "1h"}})
        for verb, status in (("pass", 200), ("warn", 429), ("fail", 503)):
            self.server.put(f"/v1/agent/check/{verb}/service:t21")
            for target in ("id/t21", "name/t21"):
                answer = self.server.get(f"/v1/agent/health/service/{target}")
                self.assertEqual(answer.status, status, target)
        self.assertEqual(self.server.get("/v1/agent/health/service/id/none").status, 404)

    def test_trap_21_autopilot_health_is_429_when_a_server_is_lost(self):
        """Section 12: the body is sent all the same."""
        with Cluster(3) as cluster:
            wait_until(lambda: cluster.leader().get("/v1/operator/autopilot/health").status == 200)
            cluster.followers()[0].kill()
            wait_until(lambda: cluster.leader().get("/v1/operator/autopilot/health").status == 429)
            health = cluster.leader().get("/v1/operator/autopilot/health")
            self.assertEqual((health.json()["Healthy"], len(health.json()["Servers"])), (False, 3))

    def test_trap_22_dev_mode_answers_indented(self):
        """Section 0."""
        self.assertEqual(self.server.get("/v1/status/peers").text().count("\n"), 0)
        self.assertTrue(self.server.get("/v1/status/peers?pretty").text().endswith("\n]\n"))
        with ServerProcess(dev=True) as dev:
            self.assertRegex(dev.get("/v1/agent/self").text(), r'^\{\n    "Config": \{\n        ')

    def test_trap_23_bodies_are_spelt_as_any_client_does(self):
        """Section 0."""
        self.server.put("/v1/agent/service/register", {
            "name": "t23", "TAGS": ["a"], "enabletagoverride": True,
            "tagged_addresses": {"lan": {"address": "10.0.0.23", "port": 1}},
            "check": {"ttl": "1h", "deregister_critical_service_after": "2h"}})
        service = self.server.get("/v1/agent/service/t23").json()
        self.assertEqual((service["Tags"], service["EnableTagOverride"],
                          service["TaggedAddresses"]["lan"]),
                         (["a"], True, {"Address": "10.0.0.23", "Port": 1}))
        self.assertIn("service:t23", self.server.get("/v1/agent/checks").json())

    def test_trap_28_exit_codes_of_members_and_of_an_agent_that_does_not_leave(self):
        """Sections 16.4, 17."""
        self.assertEqual(self.server.run("members", "-status=left").returncode, 2)
        self.assertEqual(self.server.run("members").returncode, 0)
        for number in (signal.SIGINT, signal.SIGTERM):
            with ServerProcess() as other:
                other.signal(number)
                self.assertEqual(other.wait(), 1, number)

    def test_trap_29_an_event_index_is_unequal_to_the_last_and_not_greater(self):
        """Section 11: it is of the newest event's id, so it goes up and down."""
        indexes = []
        for number in range(12):
            self.server.put(f"/v1/event/fire/t29?{number}", str(number))
            answer = self.server.get("/v1/event/list?name=t29")
            identity = uuid.UUID(answer.json()[-1]["ID"]).int
            self.assertEqual(answer.index(), (identity >> 64) ^ (identity & (2**64 - 1)))
            indexes.append(answer.index())
        self.assertNotEqual(indexes, sorted(indexes))
        # Any other index is answered at once, a greater one too.
        other = max(indexes) + 1 if max(indexes) < 2**64 - 1 else 1
        self.assertEqual(len(self.server.get(
            f"/v1/event/list?name=t29&index={other}&wait=60s").json()), 12)

    def test_trap_30_every_known_key_is_accepted(self):
        """Sections 16, 18; the table of keys is compared with the reference by cli/config's own
        tests, and shown in docs/compatibility.md."""
        ports = ports_of_harness()
        config = {**HARNESS_CONFIG, "ports": ports}
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "config.json")
            path.write_text(json.dumps(config), encoding="utf-8")
            valid = self.server.run("validate", str(path))
            self.assertEqual((valid.returncode, valid.stdout), (0, "Configuration is valid!\n"),
                             valid.stderr)
        with HarnessServer(config) as server:
            nodes = server.get("/v1/catalog/nodes")
            self.assertEqual(nodes.json()[0]["Node"], HARNESS_CONFIG["node_name"])
            self.assertGreaterEqual(nodes.index(), 2)


class HarnessServer(ServerProcess):
    """Started as the official harness starts it: one file and nothing else."""

    def __init__(self, config):
        super().__init__()
        self.node = config["node_name"]
        self.http_port = config["ports"]["http"]
        path = pathlib.Path(self.data_dir).parent / "harness.json"
        path.write_text(json.dumps({**config, "data_dir": self.data_dir}), encoding="utf-8")
        self.words = ["agent", "-config-file", str(path)]

    def command(self):
        return [super().command()[0], *self.words]


if __name__ == "__main__":
    unittest.main()
