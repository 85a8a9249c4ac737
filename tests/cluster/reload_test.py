"""SIGHUP and `reload`: definitions come and go, statuses stay, a bad file changes nothing."""

import json
import pathlib
import shutil
import signal
import tempfile
import time
import unittest

from server_process import ServerProcess


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

    def test_a_bad_file_is_refused_and_nothing_changes(self):
        (self.directory / "bad.json").write_text('{"servces": []}')
        done = self.server.run("reload")
        self.assertEqual(done.returncode, 1)
        self.assertIn("invalid config key servces", done.stderr)
        self.assertEqual(self.services(), ["web"])


if __name__ == "__main__":
    unittest.main()
