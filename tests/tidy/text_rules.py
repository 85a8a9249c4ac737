"""Rules about the text of files and their names."""

import os
import re

COLUMNS = 100
LINES = 450
CHECKED = (".cc", ".h", ".py", ".cmake", ".sh", ".ts", ".mjs", ".js")
# In two parts, so that this file does not break its own rules.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:ro" + r"ot|ho" + r"me|wo" + r"rk|Us" + r"ers)/\w")
EMPTY_NAMES = {"util", "utils", "common", "helper", "helpers", "misc", "manager"}
TOP_LEVEL = {
    ".ci", ".clang-format", ".clang-tidy", ".gitignore", "ARCHITECTURE.md", "CMakeLists.txt",
    "CMakePresets.json", "CONTRIBUTING.md", "LICENSE", "README.md", "agent", "api", "base", "cli",
    "cmake", "daemon", "docs", "packaging", "raft", "scripts", "tests", "web",
}


def is_ours(path):
    """Text that we write by hand and read often."""
    return (path.endswith(CHECKED) or os.path.basename(path) == "CMakeLists.txt"
            or path.startswith(("scripts/", ".ci/")))


def columns(tree):
    for path in filter(is_ours, tree.paths):
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if len(line) > COLUMNS and "://" not in line:
                yield f"{path}:{number}: {len(line)} columns; {COLUMNS} is the limit"


def line_ends(tree):
    for path in filter(is_ours, tree.paths):
        text = tree.text(path)
        if text and not text.endswith("\n"):
            yield f"{path}: the last line has no end"
        for number, line in enumerate(text.splitlines(), 1):
            if line != line.rstrip():
                yield f"{path}:{number}: white space at the end of the line"
            if "\t" in line:
                yield f"{path}:{number}: a tab; write \\t or spaces"


def unfinished(tree):
    for path in tree.paths:
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if UNFINISHED.search(line):
                yield f"{path}:{number}: unfinished work is an issue, not a comment"


def machine_paths(tree):
    for path in tree.paths:
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if MACHINE_PATH.search(line):
                yield f"{path}:{number}: a path of one machine"


def names(tree):
    for path in tree.paths:
        for part in path.split("/"):
            words = re.split(r"[._-]", part.lower())
            for word in sorted(EMPTY_NAMES.intersection(words)):
                yield f"{path}: '{word}' says nothing about what is inside"


def top_level(tree):
    for name in sorted({path.split("/")[0] for path in tree.paths} - TOP_LEVEL):
        yield f"{name}: does not belong at the top (tests/tidy/text_rules.py lists what does)"


def read_exceptions(text):
    """Lines "path lines reason": files that may be longer, how long, and why."""
    exceptions = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            path, limit, *reason = line.split(None, 2)
            exceptions[path] = (int(limit), " ".join(reason))
    return exceptions


def length(tree, exceptions):
    for path in tree.paths:
        if not path.endswith(CHECKED):
            continue
        count = tree.text(path).count("\n")
        limit, _ = exceptions.get(path, (LINES, ""))
        if count > limit:
            yield f"{path}: {count} lines; more than {limit}, so it wants to be two files"
        elif path in exceptions and count <= LINES:
            yield f"{path}: {count} lines; it needs no exception in tests/tidy/long_files.txt"
    for path, (_, reason) in exceptions.items():
        if not tree.exists(path):
            yield f"{path}: in tests/tidy/long_files.txt, but not in the tree"
        if not reason:
            yield f"{path}: in tests/tidy/long_files.txt without a reason"
