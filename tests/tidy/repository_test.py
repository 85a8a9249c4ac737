"""Every rule, held against this repository. One test per rule, so that a failure has its name."""

import os
import subprocess
import unittest

import layers
import stray
import text_rules
from tree import Tree

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def read(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


class Repository(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tree = Tree(ROOT)
        cls.layers = layers.Layers(read("layers.txt"))

    def expect_none(self, problems):
        problems = list(problems)
        if problems:
            self.fail("\n" + "\n".join(problems))

    def test_the_include_table_is_acyclic(self):
        self.expect_none(layers.acyclic(self.layers))

    def test_the_include_table_names_every_folder(self):
        self.expect_none(layers.table_is_complete(self.tree, self.layers))

    def test_includes_follow_the_table(self):
        self.expect_none(layers.includes(self.tree, self.layers))

    def test_pure_folders_are_pure(self):
        self.expect_none(layers.purity(self.tree, self.layers))

    def test_cmake_agrees_with_the_table(self):
        self.expect_none(layers.cmake_agrees(self.tree, self.layers))

    def test_every_source_is_built(self):
        self.expect_none(stray.unbuilt_sources(self.tree))

    def test_every_header_is_included(self):
        self.expect_none(stray.unused_headers(self.tree))

    def test_every_python_file_is_run(self):
        self.expect_none(stray.unrun_programs(self.tree))

    def test_every_test_folder_belongs_to_a_library(self):
        self.expect_none(stray.test_folders(self.tree))

    def test_lines_fit_100_columns(self):
        self.expect_none(text_rules.columns(self.tree))

    def test_lines_end_cleanly(self):
        self.expect_none(text_rules.line_ends(self.tree))

    def test_nothing_is_marked_unfinished(self):
        self.expect_none(text_rules.unfinished(self.tree))

    def test_no_path_of_one_machine(self):
        self.expect_none(text_rules.machine_paths(self.tree))

    def test_names_say_something(self):
        self.expect_none(text_rules.names(self.tree))

    def test_the_top_level_is_tidy(self):
        self.expect_none(text_rules.top_level(self.tree))

    def test_files_are_of_readable_length(self):
        exceptions = text_rules.read_exceptions(read("long_files.txt"))
        self.expect_none(text_rules.length(self.tree, exceptions))

    def test_every_file_is_formatted(self):
        done = subprocess.run([os.path.join(ROOT, "scripts/format"), "--check"],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            unformatted = sorted({line.split(":")[0] for line in done.stderr.splitlines()
                                  if ": error: " in line})
            self.fail("\n".join(["run scripts/format:", *unformatted]) if unformatted
                      else done.stderr)


if __name__ == "__main__":
    unittest.main()
