"""Signals, exit codes and the files that go with a process (contract 16.4)."""

import os
import pathlib
import signal
import socket
import tempfile
import threading
import unittest

from server_process import ServerProcess


class Signals(unittest.TestCase):
    def ends_with(self, number, config=None):
        server = ServerProcess(config=config).start()
        self.addCleanup(server.close)
        server.put("/v1/kv/before", "x")
        server.signal(number)
        return server.wait()

    def test_a_server_does_not_leave_by_default_and_exits_1(self):
        self.assertEqual(self.ends_with(signal.SIGTERM), 1)
        self.assertEqual(self.ends_with(signal.SIGINT), 1)

    def test_told_to_leave_it_exits_0(self):
        self.assertEqual(self.ends_with(signal.SIGTERM, {"leave_on_terminate": True}), 0)
        self.assertEqual(self.ends_with(signal.SIGINT, {"skip_leave_on_interrupt": False}), 0)

    def test_the_leave_command_ends_the_agent_with_0(self):
        server = ServerProcess().start()
        self.addCleanup(server.close)
        left = server.run("leave")
        self.assertEqual((left.returncode, left.stdout), (0, "Graceful leave complete\n"))
        self.assertEqual(server.wait(), 0)

    def test_blocking_queries_do_not_hold_up_the_end(self):
        server = ServerProcess().start()
        self.addCleanup(server.close)
        index = server.get("/v1/catalog/nodes").index()

        def block():
            try:
                server.get(f"/v1/kv/nothing?index={index + 1000}&wait=5m")
            except OSError:
                pass

        waiting = [threading.Thread(target=block) for _ in range(5)]
        for thread in waiting:
            thread.start()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 1)
        for thread in waiting:
            thread.join()

    def test_the_pid_file_is_there_while_it_runs(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = pathlib.Path(scratch, "pid")
            server = ServerProcess(config={"pid_file": str(path)}).start()
            self.addCleanup(server.close)
            self.assertEqual(int(path.read_text()), server.process.pid)
            server.stop()
            self.assertFalse(path.exists())

    def test_it_tells_systemd_when_it_serves(self):
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "notify")
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.bind(path)
                notify.settimeout(60)
                os.environ["NOTIFY_SOCKET"] = path
                try:
                    server = ServerProcess().start()
                finally:
                    del os.environ["NOTIFY_SOCKET"]
                self.addCleanup(server.close)
                self.assertIn(b"READY=1", notify.recv(4096))


if __name__ == "__main__":
    unittest.main()
