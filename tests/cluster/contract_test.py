"""What the contract says of statuses, texts and headers, row by row, against the running server.
Each row names the section that it is from.

Oracle: contract sections 1 to 13; the tables below are written from it, not from the program.
"""

import json
import unittest

from server_process import ServerProcess

UNKNOWN = "00000000-0000-0000-0000-00000000dead"
NO_PATH = "Invalid URL path: "
SCRIPTS_OFF = ("Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or "
               "'enable_local_script_checks' to true")


def service(**fields):
    return ("PUT", "/v1/agent/service/register", {"Name": "s", **fields})


def check(**fields):
    return ("PUT", "/v1/agent/check/register", {"Name": "c", **fields})


def catalog(**fields):
    return ("PUT", "/v1/catalog/register", {"Node": "ext", "Address": "10.0.0.1", **fields})


def session(**fields):
    return ("PUT", "/v1/session/create", fields)


def query(**fields):
    return ("POST", "/v1/query", fields)


# Section, (method, target, body), status, text; a text that ends in * is how it begins.
ROWS = [
    ("1.1", ("GET", "/v1/nope"), 404, NO_PATH + "not a recognized HTTP API endpoint\n"),
    ("1.1", ("GET", "/nope"), 404, NO_PATH + "if attempting to use the HTTP API, ensure the path "
                                             "starts with '/v1/'\n"),
    ("1.1", ("GET", "/"), 200, "Consul Agent: UI disabled. To enable, set ui_config.enabled=true "
                               "in the agent configuration and restart.*"),
    ("1.1", ("PATCH", "/v1/kv/a"), 405, "method PATCH not allowed"),
    ("1.1", ("POST", "/v1/agent/self"), 405, "method POST not allowed"),
    ("1.1", ("GET", "/v1/kv/a%01b"), 400, "*"),
    ("1.2", ("GET", "/v1/catalog/nodes?dc=x"), 500, "No path to datacenter"),
    ("1.2", ("GET", "/v1/catalog/services?dc=x"), 500, "No path to datacenter"),
    ("1.2", ("GET", "/v1/health/state/any?dc=x"), 500, "No path to datacenter"),
    ("1.2", ("GET", "/v1/session/list?dc=x"), 500, "No path to datacenter"),
    ("1.2", ("GET", "/v1/kv/a?dc=x"), 500, "No path to datacenter"),
    ("1.2", ("PUT", "/v1/kv/a?dc=x", "1"), 500, "No path to datacenter"),
    ("1.2", ("GET", "/v1/query?dc=x"), 500, "No path to datacenter"),
    ("1.2", ("PUT", "/v1/txn?dc=x", []), 500, "No path to datacenter"),
    ("1.3", ("GET", "/v1/kv/a?ns=team"), 400,
     'Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature'),
    ("1.3", ("GET", "/v1/catalog/nodes?partition=p"), 400,
     'Invalid query parameter: "partition" - Partitions are a Consul Enterprise feature'),
    ("2.1", ("GET", "/v1/catalog/nodes?max_stale=x"), 400, 'Invalid max_stale value "x"'),
    ("2.1", ("GET", "/v1/kv/a?stale&consistent"), 400,
     "Cannot specify ?stale with ?consistent, conflicting semantics."),
    ("2.1", ("GET", "/v1/health/service/a?cached&consistent"), 400,
     "Cannot specify ?cached with ?consistent, conflicting semantics."),
    ("2.2", ("GET", "/v1/kv/a?index=-1"), 400, "Invalid index"),
    ("2.2", ("GET", "/v1/catalog/services?index=x"), 400, "Invalid index"),
    ("2.2", ("GET", "/v1/session/list?index=1&wait=x"), 400, "Invalid wait time"),
    ("3", ("GET", "/v1/kv/"), 400, "Missing key name"),
    ("3", ("PUT", "/v1/kv/", "1"), 400, "Missing key name"),
    ("3", ("DELETE", "/v1/kv/"), 400, "Missing key name"),
    ("3", ("GET", "/v1/kv/none"), 404, ""),
    ("3", ("GET", "/v1/kv/none/?recurse"), 404, ""),
    ("3", ("PUT", "/v1/kv/a?flags=x", "1"), 500, 'strconv.ParseUint: parsing "x": invalid syntax'),
    ("3", ("PUT", "/v1/kv/a?cas=1&acquire=s", "1"), 400, "Conflicting flags: acquire=s&cas=1\n"),
    ("3", ("DELETE", "/v1/kv/a?recurse&cas=1"), 400, "Conflicting flags: *"),
    ("3", ("PUT", "/v1/kv/a?cas=77", "1"), 200, "false"),
    ("3", ("DELETE", "/v1/kv/none?cas=7"), 200, "true"),
    ("3", ("DELETE", "/v1/kv/none"), 200, "true"),
    ("3", ("PUT", "/v1/kv/large", "x" * 524289), 413,
     "Request body(524289 bytes) too large, max size: 524288 bytes. See https://developer.hashicorp"
     ".com/docs/agent/config/config-files#kv_max_value_size."),
    ("5.4", ("PUT", "/v1/kv/a?acquire=", "1"), 500, "missing session"),
    ("5.4", ("PUT", f"/v1/kv/a?acquire={UNKNOWN}", "1"), 500, f'invalid session "{UNKNOWN}"'),
    ("5.4", ("PUT", f"/v1/kv/a?release={UNKNOWN}", "1"), 200, "false"),
    ("5.1", session(Node="nobody"), 500, "Missing node registration"),
    ("5.1", session(Behavior="keep"), 500, "Invalid Behavior setting 'keep'"),
    ("5.1", session(TTL="1s"), 500,
     "Invalid Session TTL '1000000000', must be between [10s=24h0m0s]"),
    ("5.1", session(TTL="25h"), 500, "Invalid Session TTL '90000000000000', must be between *"),
    ("5.1", session(TTL="soon"), 500, "Session TTL 'soon' invalid: *"),
    ("5.1", session(Checks=["none"]), 500, "Missing check 'none' registration"),
    ("5.1", session(Checks=["critical"]), 500, "Check 'critical' is in critical state"),
    ("5.1", ("PUT", "/v1/session/create", "{"), 400, "Request decode failed: *"),
    ("5.2", ("GET", f"/v1/session/info/{UNKNOWN}"), 200, "[]"),
    ("5.2", ("GET", "/v1/session/info/"), 400, "Missing session"),
    ("5.2", ("GET", "/v1/session/node/"), 400, "Missing node name"),
    ("5.2", ("GET", "/v1/session/node/nobody"), 200, "[]"),
    ("5.2", ("PUT", f"/v1/session/renew/{UNKNOWN}"), 404, f"Session id '{UNKNOWN}' not found"),
    ("5.2", ("PUT", "/v1/session/destroy/"), 400, "Missing session"),
    ("5.2", ("PUT", f"/v1/session/destroy/{UNKNOWN}"), 200, "true"),
    ("6.1", service(Name=""), 400, "Missing service name"),
    ("6.1", service(Address="0.0.0.0"), 400, "Invalid service address"),
    ("6.1", service(Address="::"), 400, "Invalid service address"),
    ("6.1", service(Weights={"Passing": 0, "Warning": 1}), 400,
     "Invalid Weights: Passing must be greater than 0"),
    ("6.1", service(Weights={"Passing": 1, "Warning": -1}), 400,
     "Invalid Weights: Warning must be greater or equal than 0"),
    ("6.1", service(Weights={"Passing": 65536, "Warning": 1}), 400,
     "Invalid Weights: DNS Weight must be between 0 and 65535"),
    ("6.1", service(Meta={"consul-x": "1"}), 400,
     "Invalid Service Meta: Couldn't load metadata pair ('consul-x', '1'): Key prefix 'consul-' is "
     "reserved for internal use"),
    ("6.1", service(Meta={"a b": "1"}), 400, "Invalid Service Meta: Couldn't load metadata pair "
                                             "('a b', '1'): Key contains invalid characters"),
    ("6.1", service(Meta={"k" * 129: "1"}), 400, "Invalid Service Meta: *"),
    ("6.1", service(Meta={"k": "v" * 513}), 400, "Invalid Service Meta: *"),
    ("6.1", service(Meta={f"k{n}": "" for n in range(65)}), 400,
     "Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs"),
    ("6.1", service(Check={"TTL": "10s", "Status": "odd"}), 400,
     "Status for checks must 'passing', 'warning', 'critical'"),
    ("6.1", service(Check={"Args": ["true"], "Interval": "10s"}), 500, SCRIPTS_OFF),
    ("6.1", ("PUT", "/v1/agent/service/register", "{"), 400, "Request decode failed: *"),
    ("6.2", ("PUT", "/v1/agent/service/deregister/none"), 404,
     'Unknown service ID "none". Ensure that the service ID is passed, not the service name.'),
    ("6.2", ("PUT", "/v1/agent/service/maintenance/web"), 400, "Missing value for enable"),
    ("6.2", ("PUT", "/v1/agent/service/maintenance/web?enable=maybe"), 400,
     'Invalid value for enable: "maybe"'),
    ("6.2", ("PUT", "/v1/agent/service/maintenance/?enable=true"), 400, "Missing service ID"),
    ("6.2", ("PUT", "/v1/agent/service/maintenance/none?enable=true"), 404,
     'Unknown service ID "none". Ensure that the service ID is passed, not the service name.'),
    ("6.2", ("PUT", "/v1/agent/maintenance"), 400, "Missing value for enable"),
    ("6.2", ("PUT", "/v1/agent/maintenance?enable=x"), 400, 'Invalid value for enable: "x"'),
    ("6.3", ("GET", "/v1/agent/service/none"), 404, "unknown service ID: none"),
    ("6.3", ("GET", "/v1/agent/health/service/id/none"), 404,
     '{"AggregatedStatus":"critical","Service":null,"Checks":null}'),
    ("6.3", ("GET", "/v1/agent/health/service/name/none"), 404, "[]"),
    ("6.3", ("GET", "/v1/agent/health/service/id/none?format=text"), 404,
     "ServiceId none not found"),
    ("6.3", ("GET", "/v1/agent/health/service/name/none?format=text"), 404,
     "ServiceName none Not Found"),
    ("6.3", ("GET", "/v1/agent/health/service/id/"), 400, "Missing serviceID"),
    ("6.3", ("GET", "/v1/agent/health/service/name/"), 400, "Missing service Name"),
    ("6.3", ("GET", "/v1/agent/health/service/id/web?format=text"), 503, "critical"),
    ("6.4", ("PUT", "/v1/agent/force-leave/nobody"), 500,
     "agent: No node found with name 'nobody'"),
    ("6.4", ("PUT", "/v1/agent/join/127.0.0.1:1"), 500, "Error joining *"),
    ("6.4", ("PUT", "/v1/agent/token/default", {"Token": "t"}), 401, "ACL support disabled"),
    ("6.4", ("GET", "/v1/agent/monitor?loglevel=loud"), 400, "Unknown log level: loud"),
    ("6.4", ("GET", "/v1/agent/metrics?format=prometheus"), 415, ""),
    ("7.1", check(TTL="10s", Interval="10s", TCP="a:1"), 400,
     "Invalid check: Interval and TTL cannot both be specified"),
    ("7.1", check(HTTP="http://a"), 400, "Invalid check: Interval must be > 0 for Script, HTTP, "
                                         "H2PING, TCP, UDP or OSService checks"),
    ("7.1", check(AliasNode="a", Interval="10s"), 400,
     "Invalid check: Interval cannot be set for Alias checks"),
    ("7.1", check(AliasNode="a", TTL="10s"), 400,
     "Invalid check: TTL must be not be set for Alias checks"),
    ("7.1", check(), 400, "Invalid check: TTL must be > 0 for TTL checks"),
    ("7.1", check(TTL="10s", OutputMaxSize=-1), 400,
     "Invalid check: MaxOutputMaxSize must be positive"),
    ("7.1", check(TCP="a:1", Interval="10s", FailuresBeforeWarning=3, FailuresBeforeCritical=2),
     400, "Invalid check: FailuresBeforeWarning can't be higher than FailuresBeforeCritical"),
    ("7.2", check(Name="", TTL="10s"), 400, "Missing check name"),
    ("7.2", check(TTL="10s", Status="odd"), 400, "Bad check status"),
    ("7.2", check(TTL="10s", ServiceID="none"), 404, 'ServiceID "none" does not exist'),
    ("7.2", check(Args=["true"], Interval="10s"), 500, SCRIPTS_OFF),
    ("7.2", ("PUT", "/v1/agent/check/deregister/none"), 404,
     'Unknown check ID "none". Ensure that the check ID is passed, not the check name.'),
    ("7.2", ("PUT", "/v1/agent/check/pass/none"), 404,
     'Unknown check ID "none". Ensure that the check ID is passed, not the check name.'),
    ("7.2", ("PUT", "/v1/agent/check/warn/tcp"), 500,
     'CheckID "tcp" does not have associated TTL'),
    ("7.2", ("PUT", "/v1/agent/check/update/critical", {"Status": "odd"}), 400,
     "Invalid check status: 'odd'"),
    ("8.1", catalog(Node=""), 500, "Must provide node*"),
    ("8.1", catalog(Address=""), 500, "Must provide address if SkipNodeUpdate is not set"),
    ("8.1", catalog(ID="not-a-uuid"), 500, "Bad node ID: *"),
    ("8.1", catalog(Datacenter="dc9"), 500, "No path to datacenter"),
    ("8.1", catalog(Service={"ID": "only"}), 500, "Must provide service name with ID"),
    ("8.1", catalog(Service={"Service": "x", "Address": "0.0.0.0"}), 500,
     "Invalid service address"),
    ("8.1", catalog(Check={"Node": "other", "CheckID": "c"}), 500,
     'check node "other" does not match node "ext"'),
    ("8.1", catalog(Check={"CheckID": "c", "ServiceID": "none"}), 500,
     "Missing service registration"),
    ("8.1", catalog(Node="test-node", ID=UNKNOWN), 500,
     f'Error while renaming Node ID: "{UNKNOWN}": Node name test-node is reserved by node *'),
    ("8.1", ("PUT", "/v1/catalog/register", "{"), 400, "Request decode failed: *"),
    ("8.1", ("PUT", "/v1/catalog/deregister", {}), 500, "Must provide node"),
    ("8.1", ("PUT", "/v1/catalog/deregister", {"Node": "nobody"}), 200, "true"),
    ("8.2", ("GET", "/v1/catalog/datacenters"), 200, '["dc1"]'),
    ("8.2", ("GET", "/v1/catalog/service/"), 400, "Missing service name"),
    ("8.2", ("GET", "/v1/catalog/service/none"), 200, "[]"),
    ("8.2", ("GET", "/v1/catalog/node/"), 400, "Missing node name"),
    ("8.2", ("GET", "/v1/catalog/node/nobody"), 200, "null"),
    ("9", ("GET", "/v1/health/service/"), 400, "Missing service name"),
    ("9", ("GET", "/v1/health/service/none"), 200, "[]"),
    ("9", ("GET", "/v1/health/service/web?passing=odd"), 400, "Invalid value for ?passing"),
    ("9", ("GET", "/v1/health/checks/none"), 200, "[]"),
    ("9", ("GET", "/v1/health/node/"), 400, "Missing node name"),
    ("9", ("GET", "/v1/health/node/nobody"), 200, "[]"),
    ("9", ("GET", "/v1/health/state/"), 400, "Missing check state"),
    *[("10", ("GET", f"/v1/{path}?filter=Nothing+==+x"), 500,
       "Failed to create boolean expression evaluator: *")
      for path in ("agent/services", "agent/checks", "catalog/nodes", "catalog/services",
                   "catalog/service/web", "catalog/node/test-node",
                   "catalog/node-services/test-node", "health/node/test-node",
                   "health/checks/web", "health/state/any", "health/service/web")],
    ("11", ("PUT", "/v1/event/fire/"), 400, "Missing name"),
    ("11", ("PUT", "/v1/event/fire/e?tag=t"), 500,
     "Cannot provide tag filter without service filter"),
    ("11", ("GET", "/v1/event/list?name=none"), 200, "[]"),
    ("12", ("DELETE", "/v1/operator/raft/peer"), 400,
     "Must specify either ?id with the server's ID or ?address with IP:port of peer to remove"),
    ("12", ("DELETE", "/v1/operator/raft/peer?id=a&address=b"), 400,
     "Must specify only one of ?id or ?address"),
    ("12", ("DELETE", "/v1/operator/raft/peer?address=10.0.0.9:1"), 500,
     'address "10.0.0.9:1" was not found in the Raft configuration'),
    ("12", ("DELETE", "/v1/operator/raft/peer?id=nobody"), 500,
     'id "nobody" was not found in the Raft configuration'),
    ("12", ("PUT", "/v1/operator/autopilot/configuration", "{"), 400,
     "Error parsing autopilot config: *"),
    ("12", ("PUT", "/v1/operator/autopilot/configuration?cas=x", {}), 400,
     "Error parsing cas value: *"),
    ("12", ("GET", "/v1/operator/keyring"), 500, "keyring is empty (encryption not enabled)"),
    ("12", ("POST", "/v1/operator/keyring", {"Key": "qxycTi/SsePj/TZzCBmNXw=="}), 500,
     "keyring is empty (encryption not enabled)"),
    ("12", ("GET", "/v1/coordinate/nodes"), 200, "[]"),
    ("12", ("GET", "/v1/coordinate/node/nobody"), 404, ""),
    ("13", query(ID=UNKNOWN, Name="q", Service={"Service": "web"}), 500,
     "ID must be empty when creating a new prepared query"),
    ("13", query(Service={"Service": "web"}), 500,
     "Invalid prepared query: Must be bound to a session"),
    ("13", query(Name="q"), 500, "Invalid prepared query: Must provide a Service name to query"),
    ("13", query(Name="q", Service={"Service": "web", "Failover": {"NearestN": -1}}), 500,
     "Invalid prepared query: Bad NearestN '-1', must be >= 0"),
    ("13", query(Name="q", Service={"Service": "web"}, DNS={"TTL": "soon"}), 500,
     "Invalid prepared query: Bad DNS TTL 'soon': *"),
    ("13", query(Name="taken", Service={"Service": "web"}), 500, "*aliases an existing query name"),
    ("13", query(Session=UNKNOWN, Service={"Service": "web"}), 500,
     f'*invalid session "{UNKNOWN}"'),
    ("13", ("GET", f"/v1/query/{UNKNOWN}"), 404, "Query not found"),
    ("13", ("GET", "/v1/query/none/execute"), 404, "Query not found"),
    ("13", ("GET", "/v1/query/none/explain"), 404, "Query not found"),
    ("13", ("PUT", f"/v1/query/{UNKNOWN}", {"Name": "q", "Service": {"Service": "web"}}), 500,
     f"Cannot modify non-existent prepared query: '{UNKNOWN}'"),
    ("13", ("GET", "/v1/query/taken/execute?limit=x"), 500, "Bad limit: *"),
]

class Contract(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess(config={"check_update_interval": "0s"}).start()
        cls.put("/v1/agent/service/register", {"Name": "web", "Check": {"TTL": "10m"}})
        cls.put("/v1/agent/check/register", {"Name": "critical", "TTL": "10m"})
        cls.put("/v1/agent/check/register", {"Name": "tcp", "TCP": "127.0.0.1:1",
                                             "Interval": "10m", "Status": "passing"})
        assert cls.server.request("POST", "/v1/query",
                                  {"Name": "taken", "Service": {"Service": "web"}}).status == 200
        holder = cls.put("/v1/session/create").json()["ID"]
        cls.put(f"/v1/kv/locked?acquire={holder}", "v")

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    @classmethod
    def put(cls, target, body=None):
        answer = cls.server.put(target, body)
        assert answer.status == 200, answer.text()
        return answer

    def assert_text(self, found, expected):
        """With a * at its end or beginning, the rest is free."""
        if expected.endswith("*"):
            self.assertEqual(found[:len(expected) - 1], expected[:-1])
        elif expected.startswith("*"):
            self.assertEqual(found[-(len(expected) - 1):], expected[1:])
        else:
            self.assertEqual(found, expected)

    def test_statuses_and_texts(self):
        for section, (method, target, *body), status, text in ROWS:
            with self.subTest(section=section, method=method, target=target):
                content = body[0] if body else None
                if isinstance(content, list):
                    content = json.dumps(content)
                answer = self.server.request(method, target, content)
                self.assertEqual((answer.status, answer.text()[:300]),
                                 (status, answer.text()[:300]))
                self.assert_text(answer.text(), text)
                if status >= 400 and answer.body and answer.text()[0] not in "[{":
                    self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")

    def test_reads_carry_their_headers(self):
        """Section 1.5."""
        reads = {
            "/v1/kv/locked": False, "/v1/kv/?keys": False, "/v1/session/list": False,
            "/v1/catalog/nodes": True, "/v1/catalog/services": True,
            "/v1/catalog/service/web": True, "/v1/catalog/node/test-node": True,
            "/v1/catalog/node-services/test-node": True, "/v1/health/node/test-node": True,
            "/v1/health/checks/web": True, "/v1/health/state/any": True,
            "/v1/health/service/web": True,
        }
        for target, has_mode in reads.items():
            for mode in ("leader", "consistent", "stale"):
                with self.subTest(target=target, mode=mode):
                    separator = "&" if "?" in target else "?"
                    answer = self.server.get(f"{target}{separator}{mode}")
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(answer.headers["Content-Type"], "application/json")
                    self.assertEqual(answer.headers["Vary"], "Accept-Encoding")
                    self.assertEqual(answer.headers["X-Consul-Default-ACL-Policy"], "allow")
                    self.assertGreater(answer.index(), 0)
                    self.assertEqual(answer.headers["X-Consul-KnownLeader"], "true")
                    self.assertEqual(answer.headers["X-Consul-LastContact"], "0")
                    self.assertEqual(answer.headers["X-Consul-Effective-Consistency"],
                                     mode if has_mode else None)
                    self.assertIsNone(answer.headers["X-Consul-Results-Filtered-By-ACLs"])
        health = self.server.get("/v1/health/service/web")
        self.assertEqual(health.headers["X-Consul-Query-Backend"], "blocking-query")

    def test_some_reads_have_no_index(self):
        """Section 2.3."""
        for target in ("/v1/status/leader", "/v1/status/peers", "/v1/agent/self",
                       "/v1/agent/services", "/v1/operator/raft/configuration",
                       "/v1/operator/autopilot/health", "/v1/catalog/datacenters",
                       "/v1/coordinate/datacenters"):
            self.assertIsNone(self.server.get(target).headers["X-Consul-Index"], target)

    def test_methods_are_told(self):
        """Section 1.1."""
        for target, allowed in (("/v1/kv/a", "OPTIONS,GET,PUT,DELETE"),
                                ("/v1/agent/self", "OPTIONS,GET"), ("/v1/txn", "OPTIONS,PUT"),
                                ("/v1/query", "OPTIONS,GET,POST")):
            for method, status in (("OPTIONS", 200), ("PATCH", 405)):
                answer = self.server.request(method, target)
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.headers["Allow"].replace(" ", ""), allowed)
        self.assertEqual(self.server.request("HEAD", "/v1/status/leader").status, 405)

    def test_raw_values_are_not_pages(self):
        """Section 3."""
        raw = self.server.get("/v1/kv/locked?raw")
        self.assertEqual(raw.body, b"v")
        self.assertEqual(raw.headers["Content-Type"], "text/plain")
        self.assertEqual(raw.headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(raw.headers["Content-Security-Policy"], "sandbox")
        self.assertEqual(raw.headers["Content-Length"], "1")

    def test_coded_answers_say_why(self):
        """Sections 1.5, 6.3, 6.4."""
        health = self.server.get("/v1/agent/health/service/id/web")
        self.assertEqual((health.status, health.headers["X-Consul-Reason"]), (503, "critical"))
        self.put("/v1/agent/check/warn/service:web")
        warned = self.server.get("/v1/agent/health/service/name/web")
        # The node's own critical check counts too.
        self.assertEqual(warned.status, 503)
        metrics = self.server.get("/v1/agent/metrics?format=prometheus")
        self.assertEqual(metrics.headers["X-Consul-Reason"],
                         "Prometheus is not enabled since its retention time is not positive")
        own = self.server.get("/v1/agent/service/web")
        self.assertEqual(own.headers["X-Consul-ContentHash"], own.json()["ContentHash"])

    def test_cached_reads_say_so(self):
        """Sections 1.5, 2.1."""
        self.assertEqual(self.server.get("/v1/catalog/nodes?cached").headers["X-Cache"], "MISS")
        # Where front threads answer, each of them has a first time.
        again = [self.server.get("/v1/catalog/nodes?cached").headers for _ in range(3)]
        self.assertIn(("HIT", "0"), [(one["X-Cache"], one.get("Age")) for one in again])
        bad = self.server.get("/v1/catalog/nodes?cached", headers={"Cache-Control": "max-age=x"})
        self.assertEqual((bad.status, bad.text()), (400, "Invalid Cache-Control header."))


class ContractBySettings(unittest.TestCase):
    """What the configuration changes of it."""

    def test_translated_addresses_blocked_endpoints_and_writers(self):
        config = {"translate_wan_addrs": True, "disable_coordinates": True,
                  "discovery_max_stale": "10s",
                  "http_config": {"block_endpoints": ["/v1/session"],
                                  "allow_write_http_from": ["10.9.9.0/24"],
                                  "response_headers": {"X-Shop": "blue"}}}
        with ServerProcess(config=config) as server:
            leader = server.get("/v1/status/leader")
            # Section 1.5
            self.assertEqual(leader.headers["X-Consul-Translate-Addresses"], "true")
            self.assertEqual(leader.headers["X-Shop"], "blue")
            # Section 12
            for target in ("nodes", "node/n", "datacenters"):
                answer = server.get(f"/v1/coordinate/{target}")
                self.assertEqual((answer.status, answer.text()),
                                 (401, "Coordinate support disabled"))
            # Section 2.1
            nodes = server.get("/v1/catalog/nodes")
            self.assertEqual(nodes.headers["X-Consul-Effective-Consistency"], "stale")
            forced = server.get("/v1/catalog/nodes?leader")
            self.assertEqual(forced.headers["X-Consul-Effective-Consistency"], "leader")
            # Section 1.2
            blocked = server.get("/v1/session/list")
            self.assertEqual((blocked.status, blocked.text()),
                             (403, "Endpoint is blocked by agent configuration"))
            written = server.put("/v1/kv/a", "1")
            self.assertEqual((written.status, written.text()), (403, "Access is restricted"))

    def test_everything_is_indented_where_it_is_asked_for(self):
        """Section 0."""
        with ServerProcess(dev=True) as server:
            self.assertTrue(server.get("/v1/catalog/datacenters").text().endswith("]\n"))
            self.assertIn('\n    "', server.get("/v1/catalog/datacenters").text())


if __name__ == "__main__":
    unittest.main()
