"""User events on the command line, against a real server (contract 11, 17)."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from server_process import START_DEADLINE_S, ServerProcess, binary, wait_until


class EventCommand(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)

    def test_events_survive_a_restart(self):
        fired = self.server.run("event", "-name=deploy", "2.4")
        self.assertEqual(fired.returncode, 0, fired.stderr)
        event_id = re.fullmatch(r"Event ID: ([0-9a-f-]{36})\n", fired.stdout).group(1)
        before = self.server.get("/v1/event/list")
        self.assertEqual([one["ID"] for one in before.json()], [event_id])
        self.server.kill()
        self.server.start()
        after = self.server.get("/v1/event/list")
        self.assertEqual((after.json(), after.index()), (before.json(), before.index()))

    def test_a_watch_is_given_only_what_is_new(self):
        self.server.run("event", "-name=old", "0")
        seen = pathlib.Path(self.scratch.name, "seen")
        process = subprocess.Popen(
            [binary(), "watch", "-type=event", "-name=deploy", f"cat >> {seen}"],
            env={**os.environ, "CONSUL_HTTP_ADDR": self.server.address})
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def payloads():
            lines = seen.read_text().splitlines() if seen.exists() else []
            return [[one["Payload"] for one in json.loads(line)] for line in lines]

        wait_until(lambda: payloads() == [[]])
        self.server.run("event", "-name=deploy", "1")
        wait_until(lambda: payloads() == [[], ["MQ=="]])
        self.server.run("event", "-name=other", "x")
        self.server.run("event", "-name=deploy", "2")
        wait_until(lambda: payloads() == [[], ["MQ=="], ["Mg=="]])
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=START_DEADLINE_S), 0)

    def test_what_makes_no_sense_is_refused(self):
        for words, sentence in (
                ((), "Event name must be specified\n"),
                (("-name=x", "-tag=a"), "Cannot provide tag filter without service filter.\n"),
                (("-name=x", "a", "b"), "Too many command line arguments.\n"),
                (("-name=x", "y" * 600), "Error firing event: Unexpected response code: 500 (user "
                                         "event exceeds configured limit of 512 bytes before "
                                         "encoding)\n")):
            ran = self.server.run("event", *words)
            self.assertEqual((ran.returncode, ran.stderr), (1, sentence))


if __name__ == "__main__":
    unittest.main()
