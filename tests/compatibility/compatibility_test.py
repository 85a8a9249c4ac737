#!/usr/bin/python3
"""docs/compatibility.md says what the program does.

    CONCLAVE_BINARY=build/release/conclave tests/compatibility/compatibility_test.py --rewrite

writes the rendered part. Oracle: contract sections 1.1, 16.1 and 17, by consul.txt.
"""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))

import compatibility  # noqa: E402
from server_process import ServerProcess  # noqa: E402


class CompatibilityTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess().start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_the_rendered_part_is_what_the_program_says(self):
        self.assertEqual(compatibility.rendered_part().splitlines(),
                         compatibility.render(self.server).splitlines(),
                         "run tests/compatibility/compatibility_test.py --rewrite")

    def test_the_servers_endpoints_allow_what_the_document_says(self):
        documented = compatibility.documented_methods()
        self.assertGreater(len(documented), 40)
        for path, methods in documented:
            plain = re.sub(r":\w+", "name", path)
            self.assertEqual(compatibility.methods(self.server, plain), methods.split(), path)

    def test_the_agent_takes_every_flag_that_consuls_takes(self):
        self.assertEqual(compatibility.missing_agent_flags(self.server), [])

    def test_no_endpoint_answers_a_method_that_it_does_not_allow(self):
        for path in compatibility.known("endpoint"):
            allowed = compatibility.methods(self.server, path)
            asked = path.replace("*", "name") + ("name" if path.endswith("/") else "")
            answer = self.server.request("PATCH", asked)
            self.assertEqual(answer.status, 405 if allowed else 404, path)


if __name__ == "__main__":
    if "--rewrite" in sys.argv:
        with ServerProcess() as running:
            compatibility.rewrite(running)
    else:
        unittest.main()
