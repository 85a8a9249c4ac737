"""The files of a source tree, as the rules look at them: paths from its root, text, includes."""

import os
import re
import subprocess

SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__"}
TOP_FOLDERS = ("base", "raft", "api", "daemon", "agent", "cli")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
SYSTEM_INCLUDE = re.compile(r"^\s*#\s*include\s*<([^>]+)>", re.MULTILINE)

# Comments, raw strings, strings and character literals, in one pass so that none hides in another.
NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def code_of(text):
    """C++ without comments and with empty literals; the lines keep their numbers."""

    def blank(match):
        return "\n" * match.group(0).count("\n")

    return NOT_CODE.sub(blank, text)


class Tree:
    """A folder on disk. Paths are relative to it, with slashes."""

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.paths = sorted(self._list())
        self._texts = {}

    def _list(self):
        if os.path.exists(os.path.join(self.root, ".git")):
            command = ["git", "-C", self.root, "ls-files", "-z", "--cached", "--others",
                       "--exclude-standard"]
            listed = subprocess.run(command, check=True, capture_output=True).stdout
            paths = {path for path in listed.decode().split("\0") if path}
            return {path for path in paths if os.path.isfile(os.path.join(self.root, path))}
        found = set()
        for folder, folders, files in os.walk(self.root):
            folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
            for name in files:
                found.add(os.path.relpath(os.path.join(folder, name), self.root))
        return found

    def text(self, path):
        if path not in self._texts:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="replace") as file:
                self._texts[path] = file.read()
        return self._texts[path]

    def sources(self):
        return [path for path in self.paths if path.endswith((".cc", ".h"))]

    def includes(self, path):
        """Paths of our own files that a file includes, as written."""
        return INCLUDE.findall(self.text(path))

    def exists(self, path):
        return path in self.paths


def folder_of(path):
    """The library folder of a path ("base/core"), or None for what is in no library."""
    parts = path.split("/")
    return "/".join(parts[:2]) if len(parts) > 2 and parts[0] in TOP_FOLDERS else None
