"""Every endpoint with every verb once, done as it is meant to be, and a check that none that
docs/compatibility.md lists is left out. What they refuse is in contract_test.py.

Oracle: contract sections 1.1 and 3 to 13; the rows name the section of what they expect.
"""

import base64
import http.client
import json
import pathlib
import re
import unittest

from server_process import START_DEADLINE_S, ServerProcess

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "compatibility.md"
OLD_KEY = base64.b64encode(b"o" * 16).decode()
NEW_KEY = base64.b64encode(b"n" * 32).decode()
COORDINATE = {"Vec": [0.0] * 8, "Error": 1.5, "Adjustment": 0.0, "Height": 1e-05}
WEB = {"Name": "web", "Port": 80, "Tags": ["a"], "Meta": {"k": "v"}, "Check": {"TTL": "10m"}}
QUERY = {"Name": "q", "Service": {"Service": "web"}}

# Section, method, target, body, and a part of the answer's text ("" = it is empty); {name} in a
# target was kept of an answer before.
STEPS = [
    ("3", "PUT", "/v1/kv/a/b", "value", "true"),
    ("3", "GET", "/v1/kv/a/b", None, '"Key":"a/b","Flags":0,"Value":"dmFsdWU="'),
    ("3", "GET", "/v1/kv/a/?keys&separator=/", None, '["a/b"]'),
    ("3", "DELETE", "/v1/kv/a/?recurse", None, "true"),
    ("4", "PUT", "/v1/txn", [{"KV": {"Verb": "set", "Key": "t", "Value": "dg=="}}],
     '{"Results":[{"KV":{"LockIndex":0,"Key":"t","Flags":0,"Value":null,"CreateIndex":'),
    ("5.1", "PUT", "/v1/session/create", {"Name": "mine", "TTL": "20s"}, '{"ID":"'),
    ("5.2", "GET", "/v1/session/info/{ID}", None, '"Name":"mine"'),
    ("5.2", "GET", "/v1/session/node/test-node", None, '"TTL":"20s","NodeChecks":["serfHealth"]'),
    ("5.2", "GET", "/v1/session/list", None, '"Behavior":"release"'),
    ("5.2", "PUT", "/v1/session/renew/{ID}", None, '"Name":"mine"'),
    ("5.2", "PUT", "/v1/session/destroy/{ID}", None, "true"),
    ("6.1", "PUT", "/v1/agent/service/register", WEB, ""),
    ("6.3", "GET", "/v1/agent/services", None, '{"web":{"ID":"web","Service":"web"'),
    ("2.4", "GET", "/v1/agent/service/web", None, '"ContentHash":"'),
    ("7.2", "PUT", "/v1/agent/check/register", {"Name": "own", "TTL": "10m"}, ""),
    ("7.2", "PUT", "/v1/agent/check/warn/own?note=careful", None, ""),
    ("7.2", "PUT", "/v1/agent/check/fail/own", None, ""),
    ("7.2", "PUT", "/v1/agent/check/update/own", {"Status": "passing", "Output": "fine"}, ""),
    ("7.2", "PUT", "/v1/agent/check/pass/service:web?note=good", None, ""),
    ("6.3", "GET", "/v1/agent/checks", None, '"Output":"fine"'),
    ("6.3", "GET", "/v1/agent/health/service/id/web", None, '{"AggregatedStatus":"passing"'),
    ("6.3", "GET", "/v1/agent/health/service/name/web", None, '[{"AggregatedStatus":"passing"'),
    ("6.2", "PUT", "/v1/agent/service/maintenance/web?enable=true&reason=why", None, ""),
    ("6.2", "PUT", "/v1/agent/service/maintenance/web?enable=false", None, ""),
    ("6.2", "PUT", "/v1/agent/maintenance?enable=true", None, ""),
    ("6.2", "PUT", "/v1/agent/maintenance?enable=false", None, ""),
    ("7.2", "PUT", "/v1/agent/check/deregister/own", None, ""),
    ("6.4", "GET", "/v1/agent/self", None, '{"Config":{"Datacenter":"dc1"'),
    ("6.4", "GET", "/v1/agent/members", None, '"Name":"test-node"'),
    ("6.4", "GET", "/v1/agent/host", None, '"Memory":'),
    ("6.4", "GET", "/v1/agent/version", None, '"HumanVersion":'),
    ("6.4", "GET", "/v1/agent/metrics", None, "runtime.alloc_bytes"),
    ("6.4", "PUT", "/v1/agent/reload", None, ""),
    ("6.4", "PUT", "/v1/agent/join/127.0.0.1:{port}", None, ""),
    ("6.4", "PUT", "/v1/agent/force-leave/test-node", None, ""),
    ("8.1", "PUT", "/v1/catalog/register",
     {"Node": "ext", "Address": "10.0.0.1", "Service": {"Service": "db", "Port": 1},
      "Check": {"Name": "alive", "Status": "passing"}}, "true"),
    ("8.2", "GET", "/v1/catalog/datacenters", None, '["dc1"]'),
    ("8.2", "GET", "/v1/catalog/nodes", None, '"Node":"ext","Address":"10.0.0.1"'),
    ("8.2", "GET", "/v1/catalog/services", None, '{"consul":[],"db":[],"web":["a"]}'),
    ("8.2", "GET", "/v1/catalog/service/db", None, '"ServiceName":"db","ServiceTags":[]'),
    ("8.2", "GET", "/v1/catalog/node/ext", None, '"Services":{"db":'),
    ("8.2", "GET", "/v1/catalog/node-services/ext", None, '"Services":[{"ID":"db"'),
    ("9", "GET", "/v1/health/node/ext", None, '"CheckID":"alive"'),
    ("9", "GET", "/v1/health/checks/web", None, '"CheckID":"service:web"'),
    ("9", "GET", "/v1/health/state/passing", None, '"CheckID":"serfHealth"'),
    ("9", "GET", "/v1/health/service/web?passing", None, '"Service":{"ID":"web"'),
    ("8.1", "PUT", "/v1/catalog/deregister", {"Node": "ext"}, "true"),
    ("11", "PUT", "/v1/event/fire/deploy", "v1", '"Name":"deploy","Payload":"djE="'),
    ("11", "GET", "/v1/event/list", None, '"Name":"deploy"'),
    ("12", "PUT", "/v1/coordinate/update", {"Node": "test-node", "Coord": COORDINATE}, ""),
    ("12", "GET", "/v1/coordinate/datacenters", None, '[{"Datacenter":"dc1","AreaID":"WAN"'),
    ("12", "GET", "/v1/coordinate/nodes", None, "["),
    ("12", "GET", "/v1/status/leader", None, '"127.0.0.1:'),
    ("12", "GET", "/v1/status/peers", None, '["127.0.0.1:'),
    ("12", "GET", "/v1/operator/raft/configuration", None, '"Leader":true,"ProtocolVersion":"3"'),
    ("12", "GET", "/v1/operator/autopilot/configuration", None, '"CleanupDeadServers":true'),
    ("12", "PUT", "/v1/operator/autopilot/configuration", {"MaxTrailingLogs": 300}, "true"),
    ("12", "GET", "/v1/operator/autopilot/health", None, '"SerfStatus":"alive"'),
    ("12", "GET", "/v1/operator/autopilot/state", None, '"NodeType":"voter"'),
    ("12", "POST", "/v1/operator/keyring", {"Key": NEW_KEY}, ""),
    ("12", "PUT", "/v1/operator/keyring", {"Key": NEW_KEY}, ""),
    ("12", "DELETE", "/v1/operator/keyring", {"Key": OLD_KEY}, ""),
    ("12", "GET", "/v1/operator/keyring", None, f'"PrimaryKeys":{{"{NEW_KEY}":1}},"NumNodes":1'),
    ("12", "GET", "/v1/operator/usage", None, '{"Usage":{"dc1":{"Nodes":1,'),
    ("1.1", "GET", "/v1/connect/ca/roots", None, '"ActiveRootID":'),
    ("1.1", "GET", "/v1/agent/connect/ca/roots", None, '"TrustDomain":'),
    ("13", "POST", "/v1/query", QUERY, '{"ID":"'),
    ("13", "GET", "/v1/query", None, '"Name":"q"'),
    ("13", "GET", "/v1/query/{ID}", None, '"Service":{"Service":"web"'),
    ("13", "GET", "/v1/query/q/execute", None, '{"Service":"web","Nodes":[{"Node":'),
    ("13", "GET", "/v1/query/q/explain", None, '{"Query":{"ID":"'),
    ("13", "PUT", "/v1/query/{ID}", {**QUERY, "DNS": {"TTL": "5s"}}, ""),
    ("13", "DELETE", "/v1/query/{ID}", None, ""),
    ("6.2", "PUT", "/v1/agent/service/deregister/web", None, ""),
]
# Those that do not simply answer have their tests elsewhere.
ELSEWHERE = {
    "GET /v1/coordinate/node/:node": "daemon_http coordinate_test, clients_python_consul",
    "DELETE /v1/operator/raft/peer": "cluster_quorum_membership, contract_test",
    "POST /v1/operator/raft/transfer-leader": "cluster_quorum_failover",
    "GET /v1/agent/monitor": "cluster_monitor_command",
    "GET /v1/agent/metrics/stream": "the test below",
    "GET /v1/snapshot": "the test below",
    "PUT /v1/snapshot": "the test below",
    "PUT /v1/agent/leave": "the test below",
    "PUT /v1/agent/token/:name": "contract_test",
}


def listed():
    """Every verb and path of the document's tables, but those of access control."""
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(/v1/[^`]*)` \| ([A-Z]+(?: [A-Z]+)*) \|", text, re.MULTILINE)
    rows += [(path, methods) for methods, path in
             re.findall(r"^\| ([A-Z]+(?: [A-Z]+)*) \| `(/v1/[^`]*)` \|", text, re.MULTILINE)]
    return {(method, path) for path, methods in rows for method in methods.split()
            if "/acl/" not in path}


def is_at(target, path):
    pattern = re.sub(r":\w+(?=/)", "[^/]+", re.sub(r":\w+$", ".+", path))
    return re.fullmatch(pattern, target.partition("?")[0]) is not None


class Endpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = {"encrypt": OLD_KEY, "connect": {"enabled": True}}
        cls.server = ServerProcess(config=config).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_each_does_what_it_is_for(self):
        names = {"port": str(self.server.peer_ports[0])}
        for section, method, target, body, part in STEPS:
            for name, value in names.items():
                target = target.replace("{" + name + "}", value)
            with self.subTest(section=section, method=method, target=target):
                content = json.dumps(body) if isinstance(body, list) else body
                answer = self.server.request(method, target, content)
                self.assertEqual(answer.status, 200, answer.text())
                if part:
                    self.assertIn(part, answer.text())
                else:
                    self.assertEqual(answer.body, b"")
                if part == '{"ID":"':
                    names["ID"] = answer.json()["ID"]

    def test_none_is_left_out(self):
        """A deeper path of the same beginning counts for itself."""
        missing = []
        for method, path in sorted(listed(), key=lambda one: (-len(one[1]), one)):
            if f"{method} {path}" in ELSEWHERE:
                continue
            if not any(step[1] == method and is_at(step[2], path) for step in STEPS):
                missing.append(f"{method} {path}")
        self.assertEqual(missing, [])
        stale = [name for name in ELSEWHERE if tuple(name.split(" ", 1)) not in listed()]
        self.assertEqual(stale, [])

    def test_metrics_are_streamed_line_by_line(self):
        """Section 1.1: metrics/stream."""
        connection = http.client.HTTPConnection(self.server.address, timeout=START_DEADLINE_S)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/agent/metrics/stream")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.getheader("Content-Type")),
                         (200, "application/json"))
        self.assertIn("Gauges", json.loads(answer.readline()))

    def test_a_snapshot_is_saved_and_put_back(self):
        """Section 12."""
        self.server.put("/v1/kv/snapshot", "before")
        saved = self.server.get("/v1/snapshot")
        self.assertEqual((saved.status, saved.headers["Content-Type"]),
                         (200, "application/x-gzip"))
        self.assertEqual(saved.headers["X-Consul-KnownLeader"], "true")
        self.assertGreater(saved.index(), 0)
        self.server.put("/v1/kv/snapshot", "after")
        restored = self.server.put("/v1/snapshot", saved.body)
        self.assertEqual((restored.status, restored.body), (200, b""))
        self.assertEqual(self.server.get("/v1/kv/snapshot?raw").text(), "before")


class Leaving(unittest.TestCase):
    def test_leave_is_answered_and_ends_the_process(self):
        """Section 6.4."""
        server = ServerProcess().start()
        self.addCleanup(server.close)
        left = server.put("/v1/agent/leave")
        self.assertEqual((left.status, left.body), (200, b""))
        self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    unittest.main()
