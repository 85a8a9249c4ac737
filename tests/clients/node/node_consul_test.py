"""The npm package `consul`, unmodified, against a real server: see client.mjs beside this file.

The package is installed once into the build directory; a second run needs no network.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from server_process import ServerProcess

HERE = pathlib.Path(__file__).resolve().parent


def install():
    """Puts the locked packages into the build directory; exits 77 where that cannot be done."""
    if not shutil.which("npm") or not shutil.which("node"):
        print("skipped: node and npm are not installed")
        sys.exit(77)
    target = pathlib.Path(os.environ["CONCLAVE_CLIENT_DIR"], "node")
    target.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    stamp = target / "installed-lock.json"
    if not stamp.exists() or stamp.read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, target / name)
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"],
            cwd=target, capture_output=True, text=True, timeout=240, check=False,
        )
        if done.returncode != 0:
            print(f"skipped: npm ci failed:\n{done.stderr}")
            sys.exit(77)
        stamp.write_bytes(lock)
    shutil.copy(HERE / "client.mjs", target / "client.mjs")
    return target


class NodeConsulTest(unittest.TestCase):
    def test_the_client_finds_what_it_expects(self):
        folder = install()
        with ServerProcess() as server:
            done = subprocess.run(
                ["node", "client.mjs", str(server.http_port)],
                cwd=folder, capture_output=True, text=True, timeout=120, check=False,
            )
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("all client checks passed", done.stdout)


if __name__ == "__main__":
    unittest.main()
