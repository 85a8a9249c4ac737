"""Two processes fight for one lock, with kill -9 of the contenders and of the server among them.

Judged by the contenders' journal: never two holders at a time, and fencing tokens only rise.
Runs 20 seconds; CONCLAVE_LOCK_FIGHT_SECONDS=60 for the long version, CONCLAVE_LOCK_FIGHT_SEED to
repeat one.
"""

import os
import pathlib
import random
import subprocess
import tempfile
import time
import unittest

from server_process import ServerProcess

SECONDS = float(os.environ.get("CONCLAVE_LOCK_FIGHT_SECONDS", "20"))
SEED = int(os.environ.get("CONCLAVE_LOCK_FIGHT_SEED", str(time.time_ns() % 1_000_000)))
CONTENDER = pathlib.Path(__file__).with_name("lock_contender.py")


def judge(journal, killed):
    """The violations in a journal; `killed` maps a pid to the time at which it was dead."""
    violations, holder, last_fence, entered = [], None, 0, 0
    for line in journal:
        at, pid, word, fence = line.split()
        at, pid, fence = int(at), int(pid), int(fence)
        if word == "leave":
            holder = None
            continue
        entered += 1
        if holder is not None and killed.get(holder, at + 1) > at:
            violations.append(f"{pid} entered at {at} while {holder} was inside")
        if fence <= last_fence:
            violations.append(f"{pid} got fence {fence} after {last_fence}")
        holder, last_fence = pid, max(fence, last_fence)
    return violations, entered


class JudgeTest(unittest.TestCase):
    """The judge can fail: otherwise the fight would prove nothing."""

    def test_two_holders_are_seen(self):
        self.assertTrue(judge(["1 10 enter 5", "2 11 enter 6"], {})[0])

    def test_a_killed_holder_is_no_holder(self):
        self.assertEqual(judge(["1 10 enter 5", "4 11 enter 6"], {10: 3})[0], [])
        self.assertTrue(judge(["1 10 enter 5", "2 11 enter 6"], {10: 3})[0])

    def test_a_fence_that_does_not_rise_is_seen(self):
        self.assertTrue(judge(["1 10 enter 5", "2 10 leave 5", "3 11 enter 5"], {})[0])


class LockFightTest(unittest.TestCase):
    def test_never_two_holders_and_fences_only_rise(self):
        print(f"seed {SEED}, {SECONDS:.0f} s")
        chance = random.Random(SEED)
        killed, spawned = {}, 0
        with tempfile.TemporaryDirectory() as folder:
            journal = pathlib.Path(folder, "journal")
            journal.touch()
            with ServerProcess(config={"session_ttl_min": "1s"}) as server:

                def spawn():
                    nonlocal spawned
                    spawned += 1
                    return subprocess.Popen(
                        ["/usr/bin/python3", str(CONTENDER), str(server.http_port), str(journal),
                         str(SEED + spawned)])

                contenders = [spawn(), spawn()]
                try:
                    end = time.monotonic() + SECONDS
                    while time.monotonic() < end:
                        time.sleep(chance.uniform(0.5, 2.5))
                        if chance.random() < 0.25:
                            server.kill()
                            server.start()
                            continue
                        victim = chance.randrange(2)
                        contenders[victim].kill()
                        contenders[victim].wait()
                        killed[contenders[victim].pid] = time.monotonic_ns()
                        contenders[victim] = spawn()
                finally:
                    for contender in contenders:
                        contender.kill()
                        contender.wait()
            violations, entered = judge(journal.read_text().splitlines(), killed)
        print(f"{entered} times held, {len(killed)} contenders killed")
        self.assertEqual(violations, [])
        self.assertGreater(entered, SECONDS / 2)


if __name__ == "__main__":
    unittest.main()
