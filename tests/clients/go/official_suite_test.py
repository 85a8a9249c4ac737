"""expected.txt is well formed, and the comparison of scripts/test-go-client notices what it should.

The run itself takes minutes and the release build, so it is a script of its own.
"""

import unittest

from official_suite import EXPECTED, Expectation, differences, read_expected

PASSES = Expectation("pass", "")
EXCLUDED = Expectation("excluded", "acl: tokens")


class OfficialSuiteRules(unittest.TestCase):
    def test_the_list_is_well_formed(self):
        module, expected = read_expected(EXPECTED.read_text(encoding="utf-8"))
        self.assertRegex(module, r"^github\.com/hashicorp/consul/api@v1\.\d+\.\d+$")
        self.assertGreater(len(expected), 200)

    def test_lines_without_a_reason_or_with_an_unknown_one_are_refused(self):
        for line in ("api TestA maybe", "api TestA excluded", "api TestA pass acl: x",
                     "api TestA excluded flaky: sometimes", "api TestA pass\napi TestA pass"):
            with self.assertRaises(ValueError, msg=line):
                read_expected(line)

    def test_every_difference_is_named(self):
        a, b, c = ("api", "TestA"), ("api", "TestB"), ("api", "TestC")
        cases = [
            ({a: PASSES}, {a}, {a: "pass"}, []),
            ({a: PASSES}, {a}, {a: "fail"}, ["api TestA: fail, expected to pass"]),
            ({a: PASSES}, {a}, {a: "skip"}, ["api TestA: skip, expected to pass"]),
            ({a: EXCLUDED}, {a}, {}, []),
            ({a: EXCLUDED}, {a}, {a: "fail"}, []),
            ({a: EXCLUDED}, {a}, {a: "pass"},
             ["api TestA: passes, but is excluded: acl: tokens"]),
            ({a: PASSES, c: PASSES}, {a, b}, {a: "pass"},
             ["api TestB: not in expected.txt",
              "api TestC: in expected.txt, but not in the module"]),
        ]
        for expected, there, outcomes, found in cases:
            self.assertEqual(list(differences(expected, there, outcomes)), found)


if __name__ == "__main__":
    unittest.main()
