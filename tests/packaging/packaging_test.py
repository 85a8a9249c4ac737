"""The units are accepted by systemd and closed enough, the default configuration is valid, the man
page has every command and flag, and the maintainer scripts are shell."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BINARY = pathlib.Path(os.environ["CONCLAVE_BINARY"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGING = ROOT / "packaging"
UNITS = ("conclave-server.service", "conclave-agent.service")
EXPOSURE_MAX = 2.0


def run(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, check=False, **options)


class Units(unittest.TestCase):
    def setUp(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("systemd-analyze is not installed")
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        for name in UNITS:
            text = (PACKAGING / "systemd" / name).read_text()
            # The program has to exist for systemd to accept its unit.
            (self.folder / name).write_text(text.replace("/usr/bin/conclave", str(BINARY)))

    def test_systemd_accepts_them(self):
        ran = run("systemd-analyze", "verify", "--man=no", *(self.folder / name for name in UNITS))
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "", ""))

    def exposure(self, name):
        ran = run("systemd-analyze", "security", "--offline=true", self.folder / name)
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", ran.stdout)
        self.assertIsNotNone(found, ran.stdout + ran.stderr)
        return float(found.group(1))

    def test_they_expose_little(self):
        for name in UNITS:
            self.assertLessEqual(self.exposure(name), EXPOSURE_MAX, name)

    def test_the_drop_in_for_scripts_is_accepted(self):
        drop_in = self.folder / "conclave-agent.service.d"
        drop_in.mkdir()
        shutil.copy(PACKAGING / "systemd" / "script-checks.conf", drop_in)
        ran = run("systemd-analyze", "verify", "--man=no", self.folder / UNITS[1])
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "", ""))

    def test_both_are_one_but_for_their_role(self):
        server, agent = ((PACKAGING / "systemd" / name).read_text().splitlines() for name in UNITS)
        own = {line for line in set(server) ^ set(agent) if not line.startswith("#")}
        names = {line.split("=")[0] for line in own}
        self.assertEqual(names, {"Description", "Conflicts", "ExecStart", "TimeoutStartSec",
                                 "MemoryMax"})

    def test_users_and_directories_are_understood(self):
        for program, name, argument in (("systemd-sysusers", "conclave.sysusers", "--dry-run"),
                                        ("systemd-tmpfiles", "conclave.tmpfiles", "--cat-config")):
            ran = run(program, argument, PACKAGING / "systemd" / name)
            self.assertEqual(ran.returncode, 0, ran.stderr)


class Configuration(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.file = pathlib.Path(scratch.name) / "conclave.hcl"
        self.text = (PACKAGING / "config" / "conclave.hcl").read_text()

    def validate(self, text):
        self.file.write_text(text)
        ran = run(BINARY, "validate", self.file)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)

    def test_the_default_is_valid(self):
        self.validate(self.text)

    def test_what_is_commented_out_is_valid_too(self):
        key = run(BINARY, "keygen").stdout.strip()
        text = re.sub(r"^# (\w+ = .*)$", r"\1", self.text, flags=re.MULTILINE)
        self.assertIn("\nretry_join = [", text)
        text = text.replace('"{{ GetPrivateIP }}"', '"10.0.0.1"')
        self.validate(text.replace('encrypt = ""', f'encrypt = "{key}"'))


class ManPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        made = run(sys.executable, PACKAGING / "man" / "make_man.py", BINARY)
        assert made.returncode == 0, made.stderr
        cls.page = made.stdout

    def test_it_has_every_command_with_its_flags(self):
        overview = run(BINARY, "-h").stdout.split("Available commands are:\n")[1]
        commands = [line.strip().split("  ")[0] for line in overview.splitlines()
                    if line.startswith("    ")]
        self.assertIn("kv get", commands)
        sections = dict(re.findall(r'^\.SS "([^"]+)"\n(.*?)(?=^\.SS|^\.SH)', self.page,
                                   re.MULTILINE | re.DOTALL))
        self.assertEqual([name.replace("\\-", "-") for name in sections], commands)
        for name, section in sections.items():
            shown = run(BINARY, *name.replace("\\-", "-").split(), "-h")
            flags = re.findall(r"^  (-[\w-]+)(?:=<value>)?$", shown.stdout + shown.stderr,
                               re.MULTILINE)
            found = re.findall(r"^\\fB(\\-.*?)\\fR", section, re.MULTILINE)
            self.assertEqual([flag.replace("\\-", "-") for flag in found], flags, name)

    def test_it_is_roff_without_faults(self):
        if shutil.which("groff") is None:
            self.skipTest("groff is not installed")
        ran = run("groff", "-man", "-Tutf8", "-ww", "-z", input=self.page)
        self.assertEqual((ran.returncode, ran.stderr), (0, ""))


class Scripts(unittest.TestCase):
    def test_they_are_shell(self):
        for name in ("postinst", "prerm", "postrm"):
            ran = run("sh", "-n", PACKAGING / "debian" / name)
            self.assertEqual((ran.returncode, ran.stderr), (0, ""), name)

    def test_everything_below_etc_is_a_conffile(self):
        files = [f"/etc/conclave/{path.name}" for path in (PACKAGING / "config").iterdir()]
        self.assertEqual((PACKAGING / "debian" / "conffiles").read_text().split(), files)


if __name__ == "__main__":
    unittest.main()
