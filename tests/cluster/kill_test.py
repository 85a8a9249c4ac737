"""kill -9 at random moments under load: no acknowledged write is lost, none is applied twice, none
by halves.

Writers count: each key holds a number that its writer raises by one with check-and-set. A write
that was not acknowledged may have happened or not; the writer finds out by reading after the
restart. Transactions write the same number under two keys, which must never differ.
"""

import base64
import json
import os
import random
import threading
import unittest
import urllib.error

from server_process import ServerProcess

KILLS = int(os.environ.get("CONCLAVE_KILLS", "50"))
WRITERS = 4


class Writer(threading.Thread):
    """Raises its counter until told to stop; knows what was acknowledged."""

    def __init__(self, server, name):
        super().__init__(name=name)
        self.server, self.key = server, f"count/{name}"
        self.acknowledged = 0   # The largest number that a write was acknowledged for.
        self.attempted = 0      # The largest number that was ever sent.
        self.paused = threading.Event()
        self.wrong = None
        self.ending = threading.Event()

    def run(self):
        try:
            while not self.ending.is_set():
                try:
                    self.step()
                except (OSError, urllib.error.URLError, json.JSONDecodeError, ValueError):
                    self.ending.wait(0.005)
        except AssertionError as wrong:
            self.wrong = wrong

    def read(self):
        """(number, ModifyIndex) as stored; both keys of the pair must agree."""
        answer = self.server.get(f"/v1/kv/{self.key}?recurse&consistent", timeout=5)
        if answer.status == 404:
            return 0, [0, 0]
        if answer.status != 200:
            raise ValueError(answer.body)
        entries = {e["Key"]: e for e in answer.json()}
        numbers = {int(base64.b64decode(e["Value"])) for e in entries.values()}
        assert len(entries) == 2 and len(numbers) == 1, f"half a transaction: {entries}"
        number = numbers.pop()
        assert number >= self.acknowledged, f"lost: {number} after {self.acknowledged}"
        assert number <= self.attempted, f"never written: {number} after {self.attempted}"
        indexes = [entries[self.key + "/1"]["ModifyIndex"], entries[self.key + "/2"]["ModifyIndex"]]
        return number, indexes

    def step(self):
        number, indexes = self.read()
        self.attempted = number + 1
        value = base64.b64encode(str(number + 1).encode()).decode()
        ops = [{"KV": {"Verb": "cas", "Key": f"{self.key}/{n + 1}", "Value": value,
                       "Index": indexes[n]}} for n in range(2)]
        answer = self.server.put("/v1/txn", ops, timeout=5)
        if answer.status == 409:
            raise AssertionError(f"applied twice, or by another: {answer.text()}")
        if answer.status == 200:
            self.acknowledged = number + 1


class Kill(unittest.TestCase):
    def test_acknowledged_writes_survive_kill_at_random_moments(self):
        seed = int(os.environ.get("CONCLAVE_SEED", random.randrange(1 << 32)))
        print(f"seed {seed} (CONCLAVE_SEED repeats the moments)", flush=True)
        moments = random.Random(seed)
        server = ServerProcess(config={"log_level": "warn"}).start()
        self.addCleanup(server.close)
        writers = [Writer(server, f"w{n}") for n in range(WRITERS)]
        for writer in writers:
            writer.start()
        try:
            for _ in range(KILLS):
                threading.Event().wait(moments.uniform(0.0, 0.4))
                server.kill()
                server.start(wait=False)
                # Some are killed again while they recover.
                if moments.random() < 0.8:
                    server.wait_for_leader()
                self.assertTrue(all(w.wrong is None for w in writers), [w.wrong for w in writers])
        finally:
            for writer in writers:
                writer.ending.set()
            for writer in writers:
                writer.join()
        if server.process.poll() is None:
            server.wait_for_leader()
        for writer in writers:
            self.assertIsNone(writer.wrong)
            writer.read()
            self.assertGreater(writer.acknowledged, 0)
        print("acknowledged:", sum(w.acknowledged for w in writers), flush=True)


if __name__ == "__main__":
    unittest.main()
