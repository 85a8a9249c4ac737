#!/usr/bin/python3
"""docs/openapi.json is what the program's routes and field tables say.

    CONCLAVE_BINARY=... OPENAPI_SCHEMAS=build/dev/tests/openapi/openapi_schemas \\
        tests/openapi/openapi_test.py --rewrite

writes it. Oracle: contract section 1.1 (OPTIONS) for the routes, api/model for the fields.
"""

import os
import pathlib
import re
import sys
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "compatibility")]

import compatibility  # noqa: E402
import openapi  # noqa: E402
from server_process import ServerProcess  # noqa: E402

# Refused as a whole until access control comes; docs/compatibility.md lists them.
NOT_DESCRIBED = ("/v1/acl/", "/v1/internal/acl/")


def routed(path):
    """As the routes spell it: what is variable at the end is left out, * stands for the rest."""
    return re.sub(r"\{\w+\}", "*", re.sub(r"\{\w+\}$", "", path))


class OpenApiTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = ServerProcess().start()
        cls.described = {}
        for method, path, _ in openapi.operations():
            cls.described.setdefault(routed(path), set()).add(method)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def test_the_document_is_what_the_tables_say(self):
        rendered = openapi.render(os.environ["OPENAPI_SCHEMAS"])
        written = openapi.DOCUMENT.read_text(encoding="utf-8")
        self.assertEqual(written.splitlines(), rendered.splitlines(),
                         "run tests/openapi/openapi_test.py --rewrite")

    def test_every_operation_is_one_that_the_server_allows(self):
        for path, methods in self.described.items():
            self.assertEqual(methods, set(compatibility.methods(self.server, path)), path)

    def test_every_route_is_described(self):
        for path in sorted(compatibility.own_paths()):
            if path.startswith(NOT_DESCRIBED) or not compatibility.methods(self.server, path):
                continue
            self.assertIn(path, self.described)

    def test_every_parameter_is_described_and_used(self):
        known, groups = openapi.parameters()
        used = {name for _, _, fields in openapi.operations()
                for name in openapi.expanded(fields[1].split(), groups)}
        self.assertEqual(set(known), used)


if __name__ == "__main__":
    if "--rewrite" in sys.argv:
        openapi.DOCUMENT.write_text(openapi.render(os.environ["OPENAPI_SCHEMAS"]),
                                    encoding="utf-8")
    else:
        unittest.main()
