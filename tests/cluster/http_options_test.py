"""http_config, the limit of connections, UNIX sockets at a real server (contract 1.2, 1.5, 1.6).
Oracle: Consul's documentation of http_config, limits and unix_sockets."""

import os
import pathlib
import re
import shutil
import socket
import stat
import tempfile
import time
import unittest

from server_process import ServerProcess, wait_until

# Consul's default of limits.http_max_conns_per_client.
CONNECTIONS_MAX = 200


class Connections(unittest.TestCase):
    def setUp(self):
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)
        self.sockets = []

    def tearDown(self):
        for one in self.sockets:
            one.close()

    def connect(self):
        one = socket.create_connection(("127.0.0.1", self.server.http_port), timeout=30)
        self.sockets.append(one)
        return one

    def ask(self, one):
        one.sendall(b"GET /v1/status/leader HTTP/1.1\r\nHost: x\r\n\r\n")
        return one.recv(65536)

    def is_open(self, one):
        """What is refused is answered without having asked."""
        one.settimeout(0.05)
        try:
            one.recv(1, socket.MSG_PEEK)
            return False
        except TimeoutError:
            return True
        finally:
            one.settimeout(30)

    def test_200_of_one_address_are_served_and_the_next_is_answered_429(self):
        # The start's own requests may be counted until the server has seen them closed.
        def all_fit():
            while len(self.sockets) < CONNECTIONS_MAX:
                one = self.connect()
                if not self.ask(one).startswith(b"HTTP/1.1 200 "):
                    self.sockets.remove(one)
                    one.close()
                    return False
            return True
        wait_until(all_fit)
        refused = self.connect()
        answer = b""
        while part := refused.recv(65536):
            answer += part
        self.assertTrue(answer.startswith(b"HTTP/1.1 429 Too Many Requests\r\n"), answer)
        self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertTrue(self.is_open(self.sockets[0]))
        # The others are served on, and a place that is left is taken by the next.
        self.assertTrue(self.ask(self.sockets[0]).startswith(b"HTTP/1.1 200 "))
        self.sockets.pop(0).close()
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.ask(self.connect()).startswith(b"HTTP/1.1 200 "):
                return
        self.fail("nobody was let in after somebody had left")


class Options(unittest.TestCase):
    def serve(self, config, **kwargs):
        server = ServerProcess(config, **kwargs).start()
        self.addCleanup(server.close)
        return server

    def test_headers_blocked_endpoints_and_writers(self):
        server = self.serve({"http_config": {
            "response_headers": {"X-Shop": "blue", "Access-Control-Allow-Origin": "*"},
            "block_endpoints": ["/v1/catalog"],
            "allow_write_http_from": ["10.0.0.0/8"]}})
        for target in ("/v1/status/leader", "/v1/nothing", "/v1/catalog/nodes"):
            self.assertEqual(server.get(target).headers["X-Shop"], "blue", target)
        blocked = server.get("/v1/catalog/nodes")
        self.assertEqual((blocked.status, blocked.text()),
                         (403, "Endpoint is blocked by agent configuration"))
        refused = server.put("/v1/kv/a", "b")
        self.assertEqual((refused.status, refused.text()), (403, "Access is restricted"))
        self.assertEqual(server.get("/v1/kv/a").status, 404)

    def test_the_size_of_a_head_is_limited(self):
        server = self.serve({"http_config": {"max_header_bytes": 2048}})
        self.assertEqual(server.get("/v1/status/leader", headers={"X-Fill": "a" * 1000}).status,
                         200)
        self.assertEqual(server.get("/v1/status/leader", headers={"X-Fill": "a" * 4000}).status,
                         431)

    def test_cached_reads_are_answered_with_and_without_use_cache(self):
        for use_cache in (True, False):
            with ServerProcess({"http_config": {"use_cache": use_cache}}) as server:
                server.put("/v1/agent/service/register", {"Name": "web", "Port": 80})
                answer = server.get("/v1/health/service/web?cached")
                self.assertEqual((answer.status, len(answer.json())), (200, 1))

    def test_a_unix_socket_has_owner_group_and_mode_and_goes_with_the_server(self):
        directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-sock-"))
        self.addCleanup(shutil.rmtree, directory, ignore_errors=True)
        path = directory / "http.sock"
        config = {"addresses": {"http": f"unix://{path} 127.0.0.1"},
                  "unix_sockets": {"user": str(os.getuid()), "group": str(os.getgid()),
                                   "mode": "0660"}}
        with ServerProcess(config) as server:
            found = path.stat()
            self.assertTrue(stat.S_ISSOCK(found.st_mode))
            self.assertEqual(stat.S_IMODE(found.st_mode), 0o660)
            self.assertEqual((found.st_uid, found.st_gid), (os.getuid(), os.getgid()))
            done = server.run("kv", "put", "a", "b",
                              environment={"CONSUL_HTTP_ADDR": f"unix://{path}"})
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(path.exists())


class Words(unittest.TestCase):
    """What scripts look for in the output (contract 16.4)."""

    def test_banner_and_log_lines(self):
        server = ServerProcess({"serf_wan": "10.0.0.1"}).start()
        self.addCleanup(server.close)
        wait_until(lambda: "Synced node info" in server.log())
        log = server.log()
        lines = ("==> Starting Consul agent...", "==> Consul agent running!",
                 "==> Log data will now stream in as it occurs:")
        for line in lines:
            self.assertIn(line + "\n", log)
        for name in ("Version", "Node ID", "Node name", "Datacenter", "Server", "Client Addr",
                     "Cluster Addr"):
            self.assertRegex(log, rf"(?m)^ +{name}: ")
        for words in ("New leader elected", "cluster leadership acquired", "Synced node info"):
            self.assertIn(words, log)
        stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d{4})"
        self.assertRegex(log, rf"(?m)^{stamp} \[INFO\]  agent: ")
        self.assertTrue(re.search(r"\[WARN\]  agent: \S+: serf_wan has no effect: ", log), log)


if __name__ == "__main__":
    unittest.main()
