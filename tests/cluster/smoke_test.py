"""One server, seen through HTTP and through its own command line."""

import base64
import json
import os
import socket
import subprocess
import tempfile
import threading
import unittest
import urllib.parse

from server_process import ServerProcess, binary


class Smoke(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_a_value_that_was_put_is_got(self):
        self.assertEqual(self.server.put("/v1/kv/smoke/a", "hello").body.strip(), b"true")
        answer = self.server.get("/v1/kv/smoke/a")
        self.assertEqual(answer.status, 200)
        entry = answer.json()[0]
        self.assertEqual(base64.b64decode(entry["Value"]), b"hello")
        self.assertEqual(answer.index(), entry["ModifyIndex"])
        self.assertEqual(answer.headers["X-Consul-KnownLeader"], "true")

    def test_the_server_leads_and_has_registered_itself(self):
        self.assertRegex(self.server.get("/v1/status/leader").json(), r"^127\.0\.0\.1:\d+$")
        nodes = self.server.get("/v1/catalog/nodes")
        self.assertGreaterEqual(nodes.index(), 2)
        self.assertEqual([n["Node"] for n in nodes.json()], ["test-node"])
        self.assertIn("consul", self.server.get("/v1/catalog/services").json())

    def test_lists_are_filtered_by_expressions(self):
        """Oracle: contract section 10."""
        for name, tag in (("web-1", "v1"), ("web-2", "v2")):
            body = {"ID": name, "Name": "filtered", "Tags": [tag], "Meta": {"a-b": tag}}
            self.server.put("/v1/agent/service/register", json.dumps(body))

        def found(path, expression):
            query = urllib.parse.urlencode({"filter": expression})
            answer = self.server.get(f"{path}?{query}")
            self.assertEqual(answer.status, 200, answer.text())
            return answer.json()

        path = "/v1/health/service/filtered"
        self.assertEqual([entry["Service"]["ID"] for entry in found(path, "v2 in Service.Tags")],
                         ["web-2"])
        self.assertEqual(list(found("/v1/agent/services", 'Meta["a-b"] matches "^v[13]$"')),
                         ["web-1"])
        self.assertEqual(found("/v1/catalog/services", "ServiceName == filtered and v1 in "
                               "ServiceTags"), {"filtered": ["v1"]})
        answer = self.server.get(path + "?filter=Nope+==+x")
        self.assertEqual((answer.status, answer.text()),
                         (500, "Failed to create boolean expression evaluator: Selector \"Nope\" "
                               "is not valid"))

    def test_metrics_carry_the_names_of_consuls_dashboards(self):
        """Oracle: the public telemetry reference. What dashboards read is there from the start."""
        text = self.server.get("/metrics").text()
        for name in ("kvs_apply", "txn_apply", "session_apply", "catalog_register",
                     "catalog_deregister", "raft_apply", "raft_commitTime", "raft_lastIndex",
                     "raft_appliedIndex", "raft_fsm_apply", "raft_leader_lastContact",
                     "raft_state_leader", "runtime_alloc_bytes", "server_isLeader",
                     "session_ttl_active"):
            self.assertRegex(text, rf"(?m)^# TYPE consul_{name} ")
        names = {gauge["Name"] for gauge in self.server.get("/v1/agent/metrics").json()["Gauges"]}
        self.assertIn(f"consul.{socket.gethostname()}.runtime.alloc_bytes", names)

    def test_the_command_line_writes_reads_and_deletes(self):
        put = self.server.run("kv", "put", "cli/key", "value")
        self.assertEqual((put.returncode, put.stdout), (0, "Success! Data written to: cli/key\n"))
        got = self.server.run("kv", "get", "cli/key")
        self.assertEqual((got.returncode, got.stdout), (0, "value\n"))
        stdin = self.server.run("kv", "put", "cli/other", "-", input_text="from stdin")
        self.assertEqual(stdin.returncode, 0, stdin.stderr)
        listed = self.server.run("kv", "get", "-recurse", "cli/")
        self.assertEqual(listed.stdout, "cli/key:value\ncli/other:from stdin\n")
        gone = self.server.run("kv", "delete", "-recurse", "cli/")
        self.assertEqual(gone.stdout, "Success! Deleted keys with prefix: cli/\n")
        missing = self.server.run("kv", "get", "cli/key")
        self.assertEqual(missing.returncode, 1)
        self.assertEqual(missing.stderr, "Error! No key exists at: cli/key\n")

    def test_members_lists_the_server(self):
        members = self.server.run("members")
        self.assertEqual(members.returncode, 0, members.stderr)
        header, row = members.stdout.splitlines()
        self.assertEqual(header.split()[:4], ["Node", "Address", "Status", "Type"])
        address = f"127.0.0.1:{self.server.peer_ports[1]}"
        self.assertEqual(row.split()[:5], ["test-node", address, "alive", "server", "1.20.0"])
        self.assertEqual(self.server.run("members", "-status=failed").returncode, 2)

    def test_called_consul_it_behaves_the_same(self):
        with tempfile.TemporaryDirectory() as directory:
            link = os.path.join(directory, "consul")
            os.symlink(binary(), link)
            version = subprocess.run([link, "version"], capture_output=True, text=True, check=True)
            self.assertEqual(version.stdout.splitlines()[0], "Consul v1.20.0")
            as_json = subprocess.run(
                [link, "version", "-format=json"], capture_output=True, text=True, check=True
            )
            self.assertEqual(json.loads(as_json.stdout)["Version"], "1.20.0")
            nothing = subprocess.run([link], capture_output=True, text=True, check=False)
            self.assertEqual(nothing.returncode, 127)
            got = subprocess.run(
                [link, "kv", "get", "-http-addr", self.server.address, "no/such"],
                capture_output=True, text=True, check=False,
            )
            self.assertEqual(got.returncode, 1)

    def test_without_an_agent_the_command_line_says_so(self):
        lost = self.server.run("kv", "get", "a", environment={"CONSUL_HTTP_ADDR": "127.0.0.1:1"})
        self.assertEqual(lost.returncode, 1)
        self.assertIn("connection refused", lost.stderr)

    def test_the_log_has_the_lines_that_scripts_look_for(self):
        log = self.server.log()
        for line in ("Consul agent running!", "cluster leadership acquired", "New leader elected",
                     "Synced node info"):
            self.assertIn(line, log)

    def test_metrics_are_there_from_the_start(self):
        text = self.server.get("/metrics").text()
        self.assertIn("consul_", text)


class Debug(unittest.TestCase):
    def test_questions_of_profilers_are_answered_where_they_are_allowed(self):
        """Oracle: the official Go client's TestAPI_Debug*; docs/http-extensions.md."""
        with ServerProcess() as server:
            self.assertEqual(server.get("/debug/pprof/heap").status, 404)
        with ServerProcess(config={"enable_debug": True}) as server:
            self.assertIn("<malloc version=", server.get("/debug/pprof/heap").text())
            self.assertRegex(server.get("/debug/pprof/goroutine").text(), r"thread \d+ .*: state ")
            profile = server.get("/debug/pprof/profile?seconds=1").text().splitlines()
            self.assertEqual(profile[0].split()[:3], ["thread", "name", "state"])
            self.assertGreater(len(profile), 3)
            self.assertEqual(server.get("/debug/pprof/trace?seconds=1").status, 200)
            refused = server.get("/debug/pprof/trace?seconds=301")
            self.assertEqual((refused.status, refused.text()),
                             (400, "seconds must be between 1 and 300"))


class FrontThreads(unittest.TestCase):
    def test_requests_on_several_loops_see_one_state(self):
        config = {"performance": {"front_threads": 3}, "log_level": "info"}
        with ServerProcess(config=config) as server:
            woken = []

            def wait_for_change(index):
                woken.append(server.get(f"/v1/kv/fronts/flag?index={index}&wait=60s").json()[0])

            server.put("/v1/kv/fronts/flag", "0")
            index = server.get("/v1/kv/fronts/flag").index()
            waiting = [threading.Thread(target=wait_for_change, args=(index,)) for _ in range(12)]
            for thread in waiting:
                thread.start()

            def write(writer):
                for n in range(25):
                    key = f"/v1/kv/fronts/{writer}/{n}"
                    self.assertEqual(server.put(key, str(n)).status, 200)
                    self.assertEqual(server.get(key).status, 200)
                    server.put("/v1/agent/service/register", {"Name": f"s{writer}", "Port": n})

            writers = [threading.Thread(target=write, args=(n,)) for n in range(6)]
            for thread in writers:
                thread.start()
            for thread in writers:
                thread.join()
            server.put("/v1/kv/fronts/flag", "1")
            for thread in waiting:
                thread.join()
            self.assertEqual({entry["Value"] for entry in woken}, {"MQ=="})
            self.assertEqual(len(server.get("/v1/kv/fronts/?keys").json()), 6 * 25 + 1)


class Dev(unittest.TestCase):
    def test_a_dev_agent_is_complete_and_leaves_nothing_behind(self):
        with tempfile.TemporaryDirectory() as scratch:
            os.environ["TMPDIR"] = scratch
            try:
                with ServerProcess(dev=True) as server:
                    self.assertEqual(server.put("/v1/kv/a", "b").status, 200)
                    self.assertIn(b"\n    ", server.get("/v1/kv/a").body)
                    self.assertEqual(len(os.listdir(scratch)), 1)
            finally:
                del os.environ["TMPDIR"]
            self.assertEqual(os.listdir(scratch), [])

    def test_http_over_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "http.sock")
            config = {"addresses": {"http": f"unix://{path} 127.0.0.1"},
                      "unix_sockets": {"mode": "0600"}}
            with ServerProcess(config=config) as server:
                address = {"CONSUL_HTTP_ADDR": f"unix://{path}"}
                put = server.run("kv", "put", "u", "v", environment=address)
                self.assertEqual(put.returncode, 0, put.stderr)
                self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            self.assertFalse(os.path.exists(path))


if __name__ == "__main__":
    unittest.main()
