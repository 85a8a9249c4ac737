"""The include table: who may include whom, which folders are pure, and what CMake says of both."""

import re
from fnmatch import fnmatchcase

from tree import SYSTEM_INCLUDE, code_of, folder_of

# What makes a decision depend on more than its input, by the words that would bring it in.
IMPURE = [
    (r"\basio\b", "Asio"),
    (r"\b(?:system|steady|high_resolution|utc|file)_clock\b", "a clock"),
    (r"\b(?:clock_gettime|gettimeofday|getrandom|localtime|gmtime)\b", "a clock or random numbers"),
    (r"\bstd::(?:jthread|thread|this_thread|async|mutex|shared_mutex|condition_variable|atomic)\b",
     "a thread"),
    (r"\bunordered_(?:multi)?(?:map|set)\b", "an unordered container"),
    (r"\b(?:random_device|mt19937(?:_64)?|default_random_engine)\b", "random numbers"),
    (r"\bspdlog\b|\blog_(?:debug|info|warn|error)\s*\(|\bwrite_log\b", "the logger"),
]
IMPURE_HEADERS = {
    "thread": "a thread", "mutex": "a thread", "shared_mutex": "a thread", "future": "a thread",
    "condition_variable": "a thread", "atomic": "a thread", "random": "random numbers",
    "unordered_map": "an unordered container", "unordered_set": "an unordered container",
    "ctime": "a clock", "time.h": "a clock", "sys/time.h": "a clock",
    "fstream": "input and output", "filesystem": "input and output",
}


def expand_braces(pattern):
    match = re.search(r"\{([^}]*)\}", pattern)
    if not match:
        return [pattern]
    return [pattern[:match.start()] + part + pattern[match.end():]
            for part in match.group(1).split(",")]


class Layers:
    """The table, read from layers.txt."""

    def __init__(self, text):
        self.pure = []
        self.ports = []
        self.lines = {}
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            name, _, rest = (part.strip() for part in line.partition(":"))
            if name == "pure":
                self.pure = rest.split()
            elif name == "port":
                self.ports = rest.split()
            else:
                words = [] if rest == "-" else rest.split()
                self.lines[name] = [one for word in words for one in expand_braces(word)]

    def allows(self, folder, included_path):
        """May files of `folder` include this path of another folder?"""
        target = folder_of(included_path)
        for pattern in self.lines.get(folder, []):
            if pattern.endswith(".h"):
                if fnmatchcase(included_path, pattern):
                    return True
            elif fnmatchcase(target, pattern):
                return True
        return False

    def allowed_folders(self, folder):
        return {other for other in self.lines
                if other != folder and any(fnmatchcase(other, pattern)
                                           for pattern in self.lines[folder])}


def acyclic(layers):
    """A folder may only include folders that stand above it in the file."""
    seen = []
    for folder in layers.lines:
        seen.append(folder)
        for other in sorted(layers.allowed_folders(folder)):
            if other not in seen:
                yield f"layers.txt: {folder} may include {other}, which stands below it"


def table_is_complete(tree, layers):
    for folder in sorted({folder_of(path) for path in tree.paths} - {None}):
        if folder not in layers.lines:
            yield f"{folder}: not in tests/tidy/layers.txt"


def includes(tree, layers):
    for path in tree.sources():
        folder = folder_of(path)
        for included in tree.includes(path):
            if not tree.exists(included):
                yield f'{path}: includes "{included}", which is no file from the root of the tree'
            elif folder is None:
                continue  # Tests may include everything.
            elif folder_of(included) is None:
                yield f'{path}: includes "{included}", which is in no library'
            elif folder_of(included) != folder and not layers.allows(folder, included):
                yield f'{path}: {folder} may not include "{included}" (tests/tidy/layers.txt)'


def reach(tree, path, found):
    """All of our own files that a file includes, directly or not, with the way to each."""
    for included in tree.includes(path):
        if tree.exists(included) and included not in found:
            found[included] = found.get(path, [path]) + [included]
            reach(tree, included, found)
    return found


def purity(tree, layers):
    problems = set()
    for path in tree.sources():
        if folder_of(path) not in layers.pure:
            continue
        found = {path: [path]}
        reach(tree, path, found)
        for own, way in found.items():
            if folder_of(own) not in layers.pure and own not in layers.ports:
                # Named where the pure folder is left, once.
                if folder_of(way[-2]) in layers.pure:
                    problems.add(f'{way[-2]}: is pure and includes "{own}", which is neither pure '
                                 "nor a port")
                continue
            problems.update(impure_words(tree, own))
    yield from sorted(problems)


def impure_words(tree, path):
    code = code_of(tree.text(path))
    for pattern, what in IMPURE:
        for match in re.finditer(pattern, code):
            line = code.count("\n", 0, match.start()) + 1
            yield f"{path}:{line}: is pure and names {what}: {match.group(0).strip()}"
    for header in SYSTEM_INCLUDE.findall(code):
        if header in IMPURE_HEADERS:
            yield f"{path}: is pure and includes {IMPURE_HEADERS[header]}: <{header}>"


def cmake_deps(text):
    """The words after DEPS in conclave_library(...)."""
    without_comments = re.sub(r"#[^\n]*", "", text)
    match = re.search(r"conclave_library\s*\(([^)]*)\)", without_comments)
    if not match:
        return None
    _, _, deps = match.group(1).partition("DEPS")
    return deps.split()


def cmake_agrees(tree, layers):
    targets = {folder.replace("/", "_"): folder for folder in layers.lines}
    for folder in layers.lines:
        list_file = f"{folder}/CMakeLists.txt"
        if not tree.exists(list_file):
            continue
        deps = cmake_deps(tree.text(list_file))
        if deps is None:
            continue  # A folder that makes a program is free; cli/run is the one.
        linked = {targets[dep] for dep in deps if dep in targets}
        for other in sorted(linked - layers.allowed_folders(folder)):
            yield f"{list_file}: links {other}, which {folder} may not include"
        included = {folder_of(included) for path in tree.sources() if folder_of(path) == folder
                    for included in tree.includes(path)}
        for other in sorted(included - {None, folder} - linked):
            yield f"{list_file}: {folder} includes {other}; add {other.replace('/', '_')} to DEPS"
