"""A Go service with the official Go client, unmodified: it registers itself, then lists the agent's
services with their tags. See service/main.go.

Oracle: the client's own decoding, and what the README of Consul's client promises of it. Built once
into the build directory; a second run needs no network.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from server_process import ServerProcess

HERE = pathlib.Path(__file__).resolve().parent / "service"


def build():
    """The program's path; exits 77 where it cannot be built."""
    if not shutil.which("go"):
        print("skipped: there is no Go toolchain: `go` is not on PATH")
        sys.exit(77)
    program = pathlib.Path(os.environ["CONCLAVE_CLIENT_DIR"], "go", "service")
    program.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"skipped: go build failed, perhaps there is no module proxy:\n{done.stderr}")
        sys.exit(77)
    return program


class GoServiceTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.program = build()
        cls.server = ServerProcess().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def run_service(self, *words):
        return subprocess.run([self.program, *words], capture_output=True, text=True, timeout=60,
                              env={**os.environ, "CONSUL_HTTP_ADDR": self.server.address},
                              check=False)

    def test_it_registers_itself_and_lists_the_agents_services(self):
        first = self.run_service("web-1", "web", "10.0.0.1", "8080", "primary", "v1")
        self.assertEqual((first.returncode, first.stdout), (0, "web: primary, v1\n"), first.stderr)
        second = self.run_service("api-1", "api", "10.0.0.2", "9090")
        self.assertEqual((second.returncode, second.stdout), (0, "api: \nweb: primary, v1\n"),
                         second.stderr)
        found = self.server.get("/v1/catalog/service/web").json()
        self.assertEqual([(one["ServiceID"], one["ServiceAddress"], one["ServicePort"],
                           one["ServiceTags"]) for one in found],
                         [("web-1", "10.0.0.1", 8080, ["primary", "v1"])])

    def test_what_the_agent_refuses_the_client_says(self):
        refused = self.run_service("any-1", "any", "0.0.0.0", "80")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("Unexpected response code: 400 (Invalid service address)", refused.stderr)


if __name__ == "__main__":
    unittest.main()
