"""Completion in bash, zsh and fish offers the commands and flags that the program has, and
docs/commands.md names them."""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

BINARY = pathlib.Path(os.environ["CONCLAVE_BINARY"])
ROOT = pathlib.Path(__file__).resolve().parents[2]
COMPLETIONS = ROOT / "packaging" / "completions"

BASH = """
source {file}
compopt() {{ [[ $* == *default* ]] && echo FILES; }}
COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_conclave "${{COMP_WORDS[0]}}" "${{COMP_WORDS[COMP_CWORD]}}"
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
source {file}
compadd() {{
  while [[ $1 != -- ]]; do shift; done
  shift
  (( $# )) && print -l -- "$@"
}}
_files() {{ print FILES }}
words=({words}); CURRENT=$#words
_conclave
"""
FISH = """
source {file}
complete -C {line}
"""


def overview():
    """Every command of the program, as its help lists them."""
    shown = subprocess.run([BINARY, "-h"], capture_output=True, text=True, check=True).stdout
    after = shown.split("Available commands are:\n")[1]
    return [line.split("  ")[2] for line in after.splitlines() if line.startswith("    ")]


def flags_of(command):
    shown = subprocess.run([BINARY, *command.split(), "-h"], capture_output=True, text=True,
                           check=True).stdout
    lines = [line.strip() for line in shown.splitlines() if line.startswith("  -")]
    return {line.replace("<value>", "") for line in lines}


class Completions(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        for name in ("conclave", "consul"):
            (self.folder / name).symlink_to(BINARY)

    def shell(self, program, *arguments):
        if shutil.which(program) is None:
            self.skipTest(f"{program} is not installed (scripts/deps test installs it)")
        ran = subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False, cwd=self.folder,
            env={"PATH": f"{self.folder}:{os.environ['PATH']}", "HOME": str(self.folder)})
        self.assertEqual(ran.stderr, "")
        return {line.split("\t")[0] for line in ran.stdout.splitlines() if line}

    def bash(self, *words):
        return self.shell("bash", "--norc", "-c", BASH.format(
            file=COMPLETIONS / "conclave.bash", words=shlex.join(words)))

    def zsh(self, *words):
        return self.shell("zsh", "-f", "-c", ZSH.format(
            file=COMPLETIONS / "_conclave", words=shlex.join(words)))

    def fish(self, *words):
        return self.shell("fish", "--no-config", "-c", FISH.format(
            file=COMPLETIONS / "conclave.fish", line=shlex.quote(" ".join(words))))

    def check(self, complete):
        commands = overview()
        self.assertIn("kv get", commands)
        firsts = {command.split()[0] for command in commands}
        self.assertEqual(complete("conclave", ""), firsts)
        self.assertEqual(complete("consul", "wat"), {"watch"})
        for group in sorted({command.rpartition(" ")[0] for command in commands} - {""}):
            words = group.split()
            inside = {command.split()[len(words)] for command in commands
                      if command.startswith(group + " ")}
            self.assertEqual(complete("conclave", *words, ""), inside, group)
        for command in ("kv get", "lock", "members"):
            self.assertEqual(complete("conclave", *command.split(), "-"), flags_of(command))
        self.assertEqual(complete("conclave", "kv", "get", "-recu"), {"-recurse"})

    def test_bash(self):
        self.check(self.bash)
        self.assertEqual(self.bash("conclave", "validate", ""), {"FILES"})

    def test_zsh(self):
        # zsh itself filters by what was typed so far.
        self.check(lambda *words: {one for one in self.zsh(*words) if one.startswith(words[-1])})
        self.assertEqual(self.zsh("conclave", "validate", ""), {"FILES"})

    def test_fish(self):
        self.check(self.fish)
        (self.folder / "a-file").touch()
        self.assertIn("a-file", self.fish("conclave", "validate", "a-"))

    def test_the_document_names_every_command(self):
        text = (ROOT / "docs" / "commands.md").read_text()
        rows = [line.split("|")[1] for line in text.splitlines() if re.match(r"\| `[a-z]", line)]
        self.assertEqual(sorted(re.findall(r"`([^`]+)`", " ".join(rows))), overview())


if __name__ == "__main__":
    unittest.main()
