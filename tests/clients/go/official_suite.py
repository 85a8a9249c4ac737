"""Runs the tests of Consul's own Go client, unmodified, against our binary under the name `consul`.

    official_suite.py --binary FILE [--all] [--record FILE] [REGEX]

The module comes from the Go module proxy of the environment; its first line in expected.txt says
which version. Its tests look for `consul` on PATH and start it themselves. Each outcome is held
against expected.txt beside this file, which names every test of the module:

    <package> <test> pass
    <package> <test> excluded <what is missing>: <more words>

Excluded tests are not run, except with --all, which then names those that pass by now. REGEX runs
only the tests whose name it finds. A test that fails runs once more, alone: these tests wait for
real servers with short deadlines, and the machine may be busy; the summary names them.

Ends with 0 when all is as expected, 1 when not, 77 when there is no Go toolchain or no proxy.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

EXPECTED = pathlib.Path(__file__).resolve().parent / "expected.txt"
# The words after which a test may be excluded.
REASONS = ("mesh", "peering", "namespaces", "partitions", "datacenters", "licence", "acl", "dns",
           "certificates", "agent-role")
SKIPPED = 77
# Rounds in which tests that had no outcome, because another one ended the program, run again.
ROUNDS_MAX = 6
MINUTES_MAX = 10

Expectation = collections.namedtuple("Expectation", "outcome reason")


def read_expected(text):
    """The module with its version, and what is expected of each (package, test)."""
    module, expected = None, {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("module "):
            module = line.split()[1]
            continue
        if not line.strip() or line.startswith("#"):
            continue
        package, test, outcome, *reason = line.split(None, 3)
        reason = reason[0] if reason else ""
        if outcome not in ("pass", "excluded") or (outcome == "pass") != (reason == ""):
            raise ValueError(f"expected.txt:{number}: neither `pass` nor `excluded <reason>`")
        if outcome == "excluded" and reason.split(":")[0] not in REASONS:
            raise ValueError(f"expected.txt:{number}: a reason begins with one of {REASONS}")
        if (package, test) in expected:
            raise ValueError(f"expected.txt:{number}: {test} is named twice")
        expected[package, test] = Expectation(outcome, reason)
    return module, expected


def skip(reason):
    print(f"skipped: {reason}")
    sys.exit(SKIPPED)


class Suite:
    """The module's tests in a folder that they may write to."""

    def __init__(self, module, binary, scratch):
        self.folder = scratch / "api"
        names, temporary = scratch / "bin", scratch / "tmp"
        names.mkdir()
        temporary.mkdir()
        os.symlink(binary, names / "consul")
        flags = f"{os.environ.get('GOFLAGS', '')} -mod=mod".strip()
        self.environment = {**os.environ, "GOFLAGS": flags, "TMPDIR": str(temporary),
                            "PATH": f"{names}{os.pathsep}{os.environ['PATH']}"}
        for name in [name for name in self.environment if name.startswith("CONSUL_")]:
            del self.environment[name]
        fetched = self.go("mod", "download", "-json", module, folder=scratch)
        if fetched.returncode != 0:
            skip(f"the Go module proxy does not give {module}:\n{fetched.stdout}{fetched.stderr}")
        shutil.copytree(json.loads(fetched.stdout)["Dir"], self.folder, copy_function=copy_writable)
        for path in [self.folder, *self.folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        # In its own repository the module uses the sdk beside it; here, the one it requires.
        self.go("mod", "edit", "-dropreplace=github.com/hashicorp/consul/sdk")
        built = self.go("test", "-vet=off", "-run", "^$", "./...")
        if built.returncode != 0:
            skip(f"the tests of {module} cannot be built:\n{built.stdout}{built.stderr}")

    def go(self, *words, folder=None):
        return subprocess.run(["go", *words], cwd=folder or self.folder, env=self.environment,
                              capture_output=True, text=True, check=False)

    def tests(self):
        """Every (package, test), the examples included."""
        listed = self.go("test", "-vet=off", "-json", "-list", ".", "./...")
        found = set()
        for event in events(listed.stdout.splitlines()):
            name = event.get("Output", "").strip()
            if re.fullmatch(r"(Test|Example|Fuzz)\w*", name):
                found.add((package_of(event), name))
        return found

    def run(self, package, tests, record, parallel=8):
        """The outcome of each test that had one."""
        pattern = "^(" + "|".join(sorted(tests)) + ")$"
        words = ["go", "test", "-vet=off", "-json", "-count=1", f"-parallel={parallel}",
                 f"-timeout={MINUTES_MAX}m", "-run", pattern,
                 "." if package == "api" else f"./{package}"]
        outcomes = {}
        with subprocess.Popen(words, cwd=self.folder, env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              start_new_session=True) as process:
            try:
                for event in events(record_lines(process.stdout, record)):
                    test = event.get("Test", "")
                    if event["Action"] in ("pass", "fail", "skip") and test in tests:
                        outcomes[test] = event["Action"]
            finally:
                # Servers that a test left when it panicked or ran out of time.
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        return outcomes

    def run_all(self, wanted, record):
        """The outcomes of all of `wanted`, and the tests that passed only when they were alone."""
        outcomes, second = {}, []
        by_package = collections.defaultdict(set)
        for package, test in wanted:
            by_package[package].add(test)
        for package, tests in by_package.items():
            for _ in range(ROUNDS_MAX):
                left = {test for test in tests if (package, test) not in outcomes}
                if not left:
                    break
                for test, outcome in self.run(package, left, record).items():
                    outcomes[package, test] = outcome
            for test in sorted(tests):
                if outcomes.get((package, test)) != "pass":
                    again = self.run(package, {test}, record, parallel=1).get(test, "fail")
                    if again == "pass":
                        second.append(test)
                    outcomes[package, test] = again
        return outcomes, second


def copy_writable(source, target):
    shutil.copyfile(source, target)


def record_lines(lines, record):
    for line in lines:
        if record:
            record.write(line)
            record.flush()
        yield line


def events(lines):
    for line in lines:
        if line.startswith("{"):
            yield json.loads(line)


def package_of(event):
    """"api" for the module's root, else the folder."""
    return event["Package"].removeprefix("github.com/hashicorp/consul/api").strip("/") or "api"


def differences(expected, there, outcomes):
    """What is not as expected.txt says, a line each."""
    for package, test in sorted(there - expected.keys()):
        yield f"{package} {test}: not in expected.txt"
    for package, test in sorted(expected.keys() - there):
        yield f"{package} {test}: in expected.txt, but not in the module"
    for key, outcome in sorted(outcomes.items()):
        wanted = expected[key].outcome
        if wanted == "pass" and outcome != "pass":
            yield f"{' '.join(key)}: {outcome}, expected to pass"
        if wanted == "excluded" and outcome == "pass":
            yield f"{' '.join(key)}: passes, but is excluded: {expected[key].reason}"


def summarise(expected, outcomes, second):
    passed = sum(outcome == "pass" for outcome in outcomes.values())
    failed = len(outcomes) - passed
    print(f"ran {len(outcomes)} tests: {passed} passed, {failed} did not")
    if second:
        print(f"passed only when they ran alone: {' '.join(second)}")
    reasons = collections.Counter(
        one.reason.split(":")[0] for one in expected.values() if one.outcome == "excluded")
    print("excluded: " + ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()))


def main():
    parser = argparse.ArgumentParser(description="Consul's own Go client tests on our binary.")
    parser.add_argument("--binary", required=True)
    parser.add_argument("--all", action="store_true", help="run the excluded ones too")
    parser.add_argument("--record", type=argparse.FileType("w"), help="keep go's events here")
    parser.add_argument("regex", nargs="?", default="")
    arguments = parser.parse_args()
    module, expected = read_expected(EXPECTED.read_text(encoding="utf-8"))
    if not shutil.which("go"):
        skip("there is no Go toolchain: `go` is not on PATH")
    with tempfile.TemporaryDirectory(prefix="conclave-go-") as scratch:
        suite = Suite(module, os.path.abspath(arguments.binary), pathlib.Path(scratch))
        there = suite.tests()
        wanted = {key for key in there if re.search(arguments.regex, key[1])
                  and (arguments.all or expected.get(key, ("pass",))[0] == "pass")}
        outcomes, second = suite.run_all(wanted, arguments.record)
        found = list(differences(expected, there, {key: outcome for key, outcome in outcomes.items()
                                                   if key in expected}))
    summarise(expected, outcomes, second)
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
