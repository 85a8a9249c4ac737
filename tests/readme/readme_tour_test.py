"""Runs the README's five-minute tour: every ```sh block, in one shell, against a real `agent -dev`.

Only the two ports and the scratch directory are replaced, so that it runs beside anything else.
"""

import os
import pathlib
import re
import signal
import subprocess
import tempfile
import unittest

from server_process import ServerProcess, binary, free_port

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def tour():
    """The commands of the tour as one script."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", README.read_text(), re.M | re.S))


class ReadmeTourTest(unittest.TestCase):
    def test_every_command_of_the_tour_works(self):
        with ServerProcess(dev=True) as server, tempfile.TemporaryDirectory() as scratch:
            script = "set -euo pipefail\n" + tour()
            for written, actual in (
                ("127.0.0.1:8500", server.address),
                ("18080", str(free_port())),
                ("/tmp/conclave-tour", f"{scratch}/tour"),
            ):
                self.assertIn(written, script)
                script = script.replace(written, actual)
            os.symlink(binary(), f"{scratch}/conclave")
            environment = {
                **os.environ,
                "PATH": f"{scratch}:{os.environ['PATH']}",
                "CONSUL_HTTP_ADDR": server.address,
            }
            shell = subprocess.Popen(
                ["bash", "-c", script], env=environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            )
            try:
                output, _ = shell.communicate(timeout=120)
            finally:
                try:
                    os.killpg(shell.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.assertEqual(shell.returncode, 0, output)
            self.assertIn('"Service": "web"', output)
            self.assertRegex(output, r"(?i)x-conclave-fence: \d+")
            self.assertRegex(output, r"mine, with token \d+")
            self.assertIn("debug=false", output)
            self.assertIn("Success! Data written to: app/limit", output)
            self.assertRegex(output, r"(?m)^test-node\s+127\.0\.0\.1:\d+\s+alive")
            self.assertIn("consul_raft", output)


if __name__ == "__main__":
    unittest.main()
