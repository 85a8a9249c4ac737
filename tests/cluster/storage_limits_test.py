"""Limits of space: growth is refused with a sentence ahead of the log, deletions still work, and
with room it goes on by itself (design section 5)."""

import os
import subprocess
import tempfile
import time
import unittest

from server_process import ServerProcess

VALUE = os.urandom(64 * 1024)


class StorageLimits(unittest.TestCase):
    def fill_until_refused(self, server, writes_max):
        """Writes values until one is refused; the answer."""
        for n in range(writes_max):
            answer = server.put(f"/v1/kv/fill/{n:05}", VALUE)
            if answer.status != 200:
                return answer
        self.fail(f"{writes_max} values of 64 KiB were taken")

    def recovers_after_deleting(self, server):
        self.assertEqual(server.delete("/v1/kv/fill/?recurse").status, 200)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if server.put("/v1/kv/again", "x").status == 200:
                return
            time.sleep(0.1)
        self.fail("writes are still refused:\n" + server.put("/v1/kv/again", "x").text())

    def test_a_quota(self):
        config = {"storage": {"quota_bytes": 64 << 20}, "log_level": "info"}
        with ServerProcess(config=config) as server:
            refused = self.fill_until_refused(server, 4000)
            self.assertEqual(refused.status, 500)
            self.assertIn("quota", refused.text())
            self.assertEqual(server.get("/v1/kv/fill/00000?raw").body, VALUE)
            self.recovers_after_deleting(server)

    @unittest.skipUnless(os.geteuid() == 0, "mounting a file system needs root")
    def test_a_disk_that_fills_up(self):
        with tempfile.TemporaryDirectory() as mount:
            made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512m", "none", mount],
                                  capture_output=True, check=False)
            if made.returncode != 0:
                self.skipTest("this machine does not let us mount")
            try:
                ballast = os.path.join(mount, "ballast")
                with ServerProcess(data_dir=os.path.join(mount, "data")) as server:
                    server.put("/v1/kv/before", "x")
                    free = os.statvfs(mount)
                    with open(ballast, "wb") as file:
                        file.truncate()
                        os.posix_fallocate(file.fileno(), 0,
                                           free.f_bavail * free.f_frsize - (120 << 20))
                    # The server looks at the disk once a second, and counts its own writes between.
                    time.sleep(2)
                    refused = self.fill_until_refused(server, 2000)
                    self.assertEqual(refused.status, 500)
                    self.assertIn("space", refused.text())
                    self.assertEqual(server.delete("/v1/kv/before").status, 200)
                    os.unlink(ballast)
                    self.recovers_after_deleting(server)
            finally:
                subprocess.run(["umount", "-l", mount], check=False)


if __name__ == "__main__":
    unittest.main()
