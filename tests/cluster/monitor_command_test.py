"""`conclave monitor` and the endpoints behind it (contract 6.4, 17)."""

import http.client
import json
import os
import re
import select
import signal
import subprocess
import unittest

from server_process import START_DEADLINE_S, ServerProcess, binary


class MonitorCommand(unittest.TestCase):
    def setUp(self):
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)

    def begin(self, *flags):
        process = subprocess.Popen(
            [binary(), "monitor", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "CONSUL_HTTP_ADDR": self.server.address})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def first_line(self, process):
        """There is no telling when it listens: something is logged until it does."""
        while not select.select([process.stdout], [], [], 0)[0]:
            self.server.run("reload")
        return process.stdout.readline()

    def connect(self, target):
        connection = http.client.HTTPConnection(self.server.address, timeout=START_DEADLINE_S)
        self.addCleanup(connection.close)
        connection.request("GET", target)
        return connection.getresponse()

    def test_lines_arrive_as_they_are_written(self):
        # The head of the answer comes at once, so the listener is there before the line is.
        answer = self.connect("/v1/agent/monitor?loglevel=info")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/plain; charset=utf-8")
        self.assertEqual(self.server.run("reload").returncode, 0)
        form = re.compile(r"^\d{4}-\d\d-\d\dT[0-9:.]+Z \[INFO\]  agent: Reloading")
        # The agent of a slow machine may still say how it began.
        line = answer.readline()
        while line and not form.match(line.decode()):
            line = answer.readline()
        self.assertTrue(line)

    def test_lines_may_be_json(self):
        answer = self.connect("/v1/agent/monitor?logjson")
        self.server.run("reload")
        line = json.loads(answer.readline())
        self.assertEqual((line["@level"], line["@module"]), ("info", "agent"))

    def test_the_command_shows_them_until_it_is_interrupted(self):
        process = self.begin("-log-level=info")
        self.assertIn("[INFO]  agent: ", self.first_line(process))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=START_DEADLINE_S), 0)

    def test_the_end_of_the_agent_is_an_error(self):
        process = self.begin()
        self.first_line(process)
        self.assertEqual(self.server.stop(), 1)
        shown, _ = process.communicate(timeout=START_DEADLINE_S)
        self.assertEqual(process.returncode, 1)
        self.assertTrue(("\n" + shown).count("\n\nRemote side ended the monitor! "), shown)

    def test_a_level_that_does_not_exist_is_refused(self):
        answer = self.server.get("/v1/agent/monitor?loglevel=loud")
        self.assertEqual((answer.status, answer.text()), (400, "Unknown log level: loud"))
        shown = self.server.run("monitor", "-log-level=loud")
        self.assertEqual(shown.returncode, 1)
        self.assertEqual(shown.stderr, "Error starting monitor: Unexpected response code: 400 "
                                       "(Unknown log level: loud)\n")

    def test_the_host_and_the_version_are_shown(self):
        host = self.server.get("/v1/agent/host").json()
        self.assertEqual(host["Disk"]["path"], self.server.data_dir)
        self.assertGreater(host["Memory"]["total"], 0)
        self.assertGreater(len(host["CPU"]), 0)
        self.assertIsNone(host["Errors"])
        self.assertEqual(self.server.get("/v1/agent/version").json()["FIPS"], "")


if __name__ == "__main__":
    unittest.main()
