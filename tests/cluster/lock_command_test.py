"""`conclave lock` against a real server (contract 17 and 5.5)."""

import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from server_process import START_DEADLINE_S, ServerProcess, binary, wait_until

LOCK_FLAGS = 3304740253564472344
SEMAPHORE_FLAGS = 16210313421097356768
# Twice the session's TTL, the lock-delay and a retry, and then some.
TAKE_OVER_DEADLINE_S = 180


def end(pid):
    """Of the child of a lock that was killed, if it is still there: it holds our pipes open."""
    try:
        if pathlib.Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\0" + b"1000\0":
            os.kill(pid, signal.SIGKILL)
    except (FileNotFoundError, ProcessLookupError):
        pass


class LockCommand(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess().start()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.addCleanup(self.scratch.cleanup)

    def path(self, name):
        return pathlib.Path(self.scratch.name, name)

    def begin(self, *words, server=None):
        """Starts `conclave lock` and leaves it running; it is killed at the end of the test."""
        process = subprocess.Popen(
            [binary(), "lock", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "CONSUL_HTTP_ADDR": (server or self.server).address},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def holder(self, prefix, server=None, *flags):
        """A lock that is held by a child which runs until it is told to end."""
        started = self.path("started-" + prefix.replace("/", "-"))
        process = self.begin(*flags, prefix, f"echo $$ > {started}; exec sleep 1000",
                             server=server)
        wait_until(lambda: started.exists() and started.read_text().strip())
        child = int(started.read_text())
        self.addCleanup(end, child)
        return process, child

    def lock_key(self, prefix):
        answer = self.server.get(f"/v1/kv/{prefix}/.lock")
        return answer.json()[0] if answer.status == 200 else None

    def sessions(self, name):
        return [one for one in self.server.get("/v1/session/list").json() if one["Name"] == name]

    def test_the_child_runs_with_the_lock_and_everything_is_tidied_up(self):
        ran = self.server.run("lock", "-name=tidy", "tidy", "echo held=$CONSUL_LOCK_HELD")
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "held=true\n", ""))
        self.assertIsNone(self.lock_key("tidy"))
        self.assertEqual(self.sessions("tidy"), [])

    def test_the_child_is_given_a_fencing_token_that_only_rises(self):
        def token():
            ran = self.server.run("lock", "fenced", "echo $CONCLAVE_LOCK_FENCE")
            self.assertEqual(ran.returncode, 0, ran.stderr)
            return int(ran.stdout)

        first = token()
        self.assertGreater(first, 0)
        self.assertGreater(token(), first)

    def test_while_it_is_held_the_key_is_what_gos_lock_expects(self):
        process, _ = self.holder("/shape")
        key = self.lock_key("shape")
        self.assertEqual(key["Flags"], LOCK_FLAGS)
        session = self.server.get("/v1/session/info/" + key["Session"]).json()[0]
        self.assertEqual(session["TTL"], "15s")
        self.assertTrue(session["Name"].startswith("Consul lock for 'echo $$ > "))
        self.assertTrue(session["Name"].endswith("' at 'shape'"), session["Name"])
        process.send_signal(signal.SIGTERM)
        process.wait()

    def test_exit_codes_of_the_child(self):
        failed = self.server.run("lock", "codes", "exit 3")
        self.assertEqual(failed.returncode, 0)
        self.assertEqual(failed.stderr, "Error running handler: exit status 3\n")
        self.assertEqual(self.server.run("lock", "-child-exit-code", "codes", "exit 3").returncode,
                         2)
        self.assertEqual(self.server.run("lock", "-child-exit-code", "codes", "true").returncode, 0)
        missing = self.server.run("lock", "-shell=false", "-child-exit-code", "codes", "/no/such")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("Error starting handler: ", missing.stderr)

    def test_standard_input_is_passed_on_when_asked_for(self):
        given = self.server.run("lock", "-pass-stdin", "input", "cat", input_text="words")
        self.assertEqual(given.stdout, "words")
        self.assertEqual(self.server.run("lock", "input", "cat", input_text="words").stdout, "")

    def test_two_contenders_are_never_inside_together(self):
        journal = self.path("journal")
        work = f"echo in >> {journal}; sleep 0.1; echo out >> {journal}"
        contenders = [self.begin("fight", work) for _ in range(4)]
        for contender in contenders:
            self.assertEqual(contender.wait(timeout=TAKE_OVER_DEADLINE_S), 0)
        self.assertEqual(journal.read_text().split(), ["in", "out"] * 4)

    def test_a_timeout_ends_the_wait(self):
        process, _ = self.holder("busy")
        late = self.server.run("lock", "-timeout=500ms", "-name=late", "busy", "echo ran")
        self.assertEqual((late.returncode, late.stdout), (1, ""))
        self.assertEqual(late.stderr,
                         "Shutdown triggered or timeout during lock acquisition\n")
        self.assertEqual(self.sessions("late"), [])
        process.send_signal(signal.SIGTERM)
        process.wait()
        free = self.server.run("lock", "-timeout=1ms", "busy", "echo ran")
        self.assertEqual((free.returncode, free.stdout), (0, "ran\n"))

    def test_a_signal_while_it_waits_ends_it(self):
        holder, _ = self.holder("wait")
        waiting = self.begin("-name=waiting", "wait", "echo ran")
        wait_until(lambda: self.sessions("waiting"))
        waiting.send_signal(signal.SIGINT)
        output, errors = waiting.communicate(timeout=START_DEADLINE_S)
        self.assertEqual((waiting.returncode, output), (1, ""))
        self.assertIn("Shutdown triggered or timeout during lock acquisition\n", errors)
        self.assertEqual(self.sessions("waiting"), [])
        holder.send_signal(signal.SIGTERM)
        holder.wait()

    def test_a_signal_ends_the_child_and_gives_the_lock_back(self):
        process, child = self.holder("signal")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=START_DEADLINE_S)
        self.assertEqual(process.returncode, 0)
        self.assertIn("Error running handler: signal: terminated\n", errors)
        self.assertRaises(ProcessLookupError, os.kill, child, 0)
        self.assertIsNone(self.lock_key("signal"))

    def test_other_signals_go_to_the_child(self):
        seen, ready = self.path("seen"), self.path("ready")
        process = self.begin(
            "-child-exit-code", "usr1",
            f"trap 'echo usr1 > {seen}; exit 0' USR1; touch {ready};"
            " while :; do sleep 0.05; done")
        wait_until(ready.exists)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(timeout=START_DEADLINE_S), 0)
        self.assertEqual(seen.read_text(), "usr1\n")

    def test_a_child_without_its_lock_is_told_to_end_and_then_killed(self):
        ready, told = self.path("ready"), self.path("told")
        process = self.begin(
            "-verbose", "-child-exit-code", "lost",
            f"trap 'echo told > {told}' TERM; touch {ready}; while :; do sleep 0.05; done")
        wait_until(ready.exists)
        session = self.lock_key("lost")["Session"]
        self.server.put("/v1/session/destroy/" + session)
        output, errors = process.communicate(timeout=START_DEADLINE_S)
        self.assertEqual(process.returncode, 2)
        self.assertEqual(told.read_text(), "told\n")
        self.assertIn("Lock lost, killing child: ", output)
        self.assertIn("Child did not exit after grace period of 5s", output)
        self.assertIn("Error running handler: signal: killed", errors)

    def test_a_lock_that_nobody_can_vouch_for_is_lost(self):
        server = ServerProcess().start()
        self.addCleanup(server.close)
        process, child = self.holder("gone", server, "-monitor-retry=0")
        server.kill()
        process.wait(timeout=START_DEADLINE_S)
        self.assertRaises(ProcessLookupError, os.kill, child, 0)
        self.assertEqual(process.returncode, 1)
        self.assertIn("Lock release failed: ", process.stderr.read())

    def test_after_kill_9_the_next_one_gets_it(self):
        process, child = self.holder("crash")
        journal = self.path("journal")
        heir = self.begin("crash", f"echo mine >> {journal}")
        process.kill()
        os.kill(child, signal.SIGKILL)
        self.assertFalse(journal.exists())
        self.assertEqual(heir.wait(timeout=TAKE_OVER_DEADLINE_S), 0)
        self.assertEqual(journal.read_text(), "mine\n")

    def test_a_semaphore_lets_so_many_in(self):
        first, _ = self.holder("slots/", None, "-n=2")
        second, _ = self.holder("slots", None, "-n=2", "-name=second")
        record = self.lock_key("slots")
        self.assertEqual(record["Flags"], SEMAPHORE_FLAGS)
        third = self.server.run("lock", "-n=2", "-timeout=500ms", "slots", "echo ran")
        self.assertEqual((third.returncode, third.stdout), (1, ""))
        other = self.server.run("lock", "-n=3", "slots", "echo ran")
        self.assertEqual(other.stderr, "Lock acquisition failed: semaphore limit conflict "
                                       "(lock: 2, local: 3)\n")
        plain = self.server.run("lock", "slots", "echo ran")
        self.assertEqual(plain.stderr,
                         "Lock acquisition failed: Existing key does not match lock use\n")
        second.send_signal(signal.SIGTERM)
        second.wait()
        fourth = self.server.run("lock", "-n=2", "slots", "echo ran")
        self.assertEqual((fourth.returncode, fourth.stdout), (0, "ran\n"))
        first.send_signal(signal.SIGTERM)
        first.wait()
        self.assertEqual(self.server.get("/v1/kv/slots?recurse").status, 404)


if __name__ == "__main__":
    unittest.main()
