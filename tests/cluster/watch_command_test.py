"""`conclave watch` against a real server (contract 17)."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from server_process import START_DEADLINE_S, ServerProcess, binary, wait_until


class WatchCommand(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)
        self.server = ServerProcess().start()
        self.addCleanup(self.server.close)

    def path(self, name):
        return pathlib.Path(self.scratch.name, name)

    def begin(self, *words):
        process = subprocess.Popen(
            [binary(), "watch", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CONSUL_HTTP_ADDR": self.server.address},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def lines(self, path):
        return path.read_text().splitlines() if path.exists() else []

    def once(self, *flags):
        shown = self.server.run("watch", *flags)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        return shown.stdout

    def test_without_a_command_it_prints_what_there_is(self):
        self.server.put("/v1/kv/a/b", "v")
        self.server.put("/v1/agent/service/register",
                        json.dumps({"Name": "web", "Tags": ["x"], "Check": {"TTL": "1m"}}))
        pair = json.loads(self.once("-type=key", "-key=a/b"))
        self.assertEqual(list(pair), ["Key", "CreateIndex", "ModifyIndex", "LockIndex", "Flags",
                                      "Value", "Session"])
        self.assertEqual((pair["Key"], pair["Value"]), ("a/b", "dg=="))
        self.assertTrue(self.once("-type=key", "-key=a/b").startswith('{\n    "Key": "a/b",\n'))
        self.assertEqual(self.once("-type=key", "-key=none"), "null\n")
        self.assertEqual(json.loads(self.once("-type=keyprefix", "-prefix=a")), [pair])
        self.assertEqual(json.loads(self.once("-type=services")), {"consul": [], "web": ["x"]})
        self.assertEqual(json.loads(self.once("-type=nodes"))[0]["Node"], "test-node")
        instances = json.loads(self.once("-type=service", "-service=web", "-tag=x"))
        self.assertEqual(instances[0]["Service"]["ID"], "web")
        self.assertEqual(
            self.once("-type=service", "-service=web", "-passingonly=true"), "[]\n")
        checks = json.loads(self.once("-type=checks", "-state=critical"))
        self.assertEqual([one["CheckID"] for one in checks], ["service:web"])
        checks = json.loads(self.once("-type=checks", "-service=web"))
        self.assertEqual([one["Status"] for one in checks], ["critical"])

    def test_a_command_runs_now_and_at_each_change(self):
        seen, indexes = self.path("seen"), self.path("indexes")
        process = self.begin("-type=key", "-key=k",
                             f"cat >> {seen}; echo $CONSUL_INDEX >> {indexes}")
        wait_until(lambda: len(self.lines(indexes)) == 1)
        self.assertEqual(self.lines(seen), ["null"])
        self.server.put("/v1/kv/k", "1")
        wait_until(lambda: len(self.lines(indexes)) == 2)
        self.server.put("/v1/kv/unrelated", "x")
        self.server.put("/v1/kv/k", "1")
        self.server.put("/v1/kv/k", "2")
        wait_until(lambda: len(self.lines(indexes)) == 3)
        values = [json.loads(line)["Value"] for line in self.lines(seen)[1:]]
        self.assertEqual(values, ["MQ==", "Mg=="])
        modified = [json.loads(line)["ModifyIndex"] for line in self.lines(seen)[1:]]
        self.assertEqual([int(line) for line in self.lines(indexes)[1:]], modified)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=START_DEADLINE_S), 0)

    def test_it_goes_on_when_the_agent_comes_back(self):
        seen = self.path("seen")
        process = self.begin("-type=keyprefix", "-prefix=p/", f"cat >> {seen}")
        wait_until(lambda: self.lines(seen) == ["null"])
        self.server.kill()
        self.server.start()
        self.server.put("/v1/kv/p/k", "after")
        wait_until(lambda: len(self.lines(seen)) == 2)
        self.assertEqual(json.loads(self.lines(seen)[1])[0]["Key"], "p/k")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=START_DEADLINE_S)
        self.assertEqual(process.returncode, 0)
        self.assertIn("Watch (type: keyprefix) errored: ", errors)

    def test_a_command_that_fails_ends_the_watch(self):
        ran = self.server.run("watch", "-type=nodes", "exit 4")
        self.assertEqual(ran.returncode, 1)
        self.assertEqual(ran.stderr, "Error executing handler: exit status 4\n")
        missing = self.server.run("watch", "-type=nodes", "-shell=false", "/no/such/program")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("Error starting handler: ", missing.stderr)

    def test_the_end_takes_the_command_with_it(self):
        ready, told = self.path("ready"), self.path("told")
        process = self.begin(
            "-type=nodes",
            f"trap 'echo told > {told}; exit 1' TERM; touch {ready};"
            " while :; do sleep 0.05; done")
        wait_until(ready.exists)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(timeout=START_DEADLINE_S), 0)
        self.assertEqual(told.read_text(), "told\n")


if __name__ == "__main__":
    unittest.main()
