"""SIGHUP and `reload`: definitions come and go, statuses stay, a bad file changes nothing."""

import json
import pathlib
import shutil
import signal
import socket
import tempfile
import time
import unittest

from server_process import ServerProcess, wait_until


class Reload(unittest.TestCase):
    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="conclave-reload-"))
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.write("web.json", {"service": {"name": "web", "port": 80, "check": {"ttl": "10m"}}})
        self.server = ServerProcess(arguments=["-config-dir", str(self.directory)]).start()
        self.addCleanup(self.server.close)

    def write(self, name, content):
        (self.directory / name).write_text(json.dumps(content))

    def services(self):
        return sorted(self.server.get("/v1/agent/services").json())

    def eventually(self, expected):
        deadline = time.monotonic() + 30
        while self.services() != expected and time.monotonic() < deadline:
            time.sleep(0.02)
        self.assertEqual(self.services(), expected)

    def test_definitions_come_and_go_and_statuses_stay(self):
        self.assertEqual(self.services(), ["web"])
        self.server.put("/v1/agent/check/pass/service:web")
        self.write("db.json", {"services": [{"name": "db"}, {"name": "cache"}]})
        self.server.signal(signal.SIGHUP)
        self.eventually(["cache", "db", "web"])
        checks = self.server.get("/v1/agent/checks").json()
        self.assertEqual(checks["service:web"]["Status"], "passing")
        (self.directory / "db.json").unlink()
        done = self.server.run("reload")
        self.assertEqual((done.returncode, done.stdout), (0, "Configuration reload triggered\n"))
        self.eventually(["web"])

    def test_headers_limits_and_writers_follow(self):
        self.assertNotIn("X-Shop", self.server.get("/v1/status/leader").headers)
        self.write("http.json", {
            "http_config": {"response_headers": {"X-Shop": "blue"},
                            "block_endpoints": ["/v1/catalog"]},
            "limits": {"http_max_conns_per_client": 10, "kv_max_value_size": 4}})
        self.assertEqual(self.server.run("reload").returncode, 0)
        wait_until(lambda: self.server.get("/v1/status/leader").headers["X-Shop"] == "blue")
        self.assertEqual(self.server.get("/v1/catalog/nodes").status, 403)
        self.assertEqual(self.server.put("/v1/kv/a", "12345").status, 413)
        sockets = [socket.create_connection(("127.0.0.1", self.server.http_port), timeout=30)
                   for _ in range(11)]
        self.assertTrue(sockets[10].recv(100).startswith(b"HTTP/1.1 429 "))
        for one in sockets:
            one.close()
        # Ranges that are none are refused before anything follows.
        self.write("http.json", {"http_config": {"allow_write_http_from": ["everybody"]}})

        def refused():
            done = self.server.run("reload")
            return done.returncode == 1 and "allow_write_http_from" in done.stderr
        wait_until(refused)
        wait_until(lambda: self.server.get("/v1/status/leader").headers["X-Shop"] == "blue")
        (self.directory / "http.json").unlink()
        wait_until(lambda: self.server.run("reload").returncode == 0)
        wait_until(lambda: self.server.get("/v1/status/leader").headers["X-Shop"] is None)

    def test_a_bad_file_is_refused_and_nothing_changes(self):
        (self.directory / "bad.json").write_text('{"servces": []}')
        done = self.server.run("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("invalid config key servces", done.stderr)
        self.assertEqual(self.services(), ["web"])


if __name__ == "__main__":
    unittest.main()
