"""Files that nothing builds, includes or runs."""

import os
import re


def listed_words(text):
    """Every word of a CMakeLists.txt, comments left out."""
    return set(re.split(r'[\s()";]+', re.sub(r"#[^\n]*", "", text)))


def nearest_list_file(tree, path):
    """The CMakeLists.txt of the file's folder, or of the closest folder above."""
    folder = os.path.dirname(path)
    while folder:
        if tree.exists(f"{folder}/CMakeLists.txt"):
            return f"{folder}/CMakeLists.txt"
        folder = os.path.dirname(folder)
    return None


def unbuilt_sources(tree):
    for path in tree.paths:
        if not path.endswith(".cc"):
            continue
        list_file = nearest_list_file(tree, path)
        if list_file is None:
            yield f"{path}: no CMakeLists.txt builds it"
            continue
        name = os.path.relpath(path, os.path.dirname(list_file))
        if name not in listed_words(tree.text(list_file)):
            yield f"{path}: {list_file} does not list it"


def unused_headers(tree):
    included = {name for path in tree.sources() for name in tree.includes(path)}
    for path in tree.paths:
        if path.endswith(".h") and path not in included:
            yield f"{path}: nobody includes it"


def unrun_programs(tree):
    """A Python file is run by ctest or a script, or imported by another one."""
    pythons = [path for path in tree.paths if path.endswith(".py")]
    imported = set()
    for path in pythons:
        imports = re.findall(r"^\s*(?:from|import)\s+([\w.]+)", tree.text(path), re.MULTILINE)
        imported.update(imports)
    mentions = "\n".join(tree.text(path) for path in tree.paths
                         if os.path.basename(path) == "CMakeLists.txt" or path.endswith(".cmake")
                         or path.startswith(("scripts/", ".ci/")))
    for path in pythons:
        name = os.path.basename(path)
        if name not in mentions and name.removesuffix(".py") not in imported:
            yield f"{path}: nothing runs or imports it"


def test_folders(tree):
    """A test folder is named after the library it tests, and has a list file."""
    for path in tree.paths:
        parts = path.split("/")
        if parts[:2] == ["tests", "unit"] and len(parts) > 3:
            library = parts[2].replace("_", "/", 1)
            if not any(other.startswith(library + "/") for other in tree.paths):
                yield f"{path}: there is no library {library}"
