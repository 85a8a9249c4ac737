"""Every rule can fail: small trees in temporary folders, each with one thing wrong."""

import os
import subprocess
import tempfile
import unittest

import layers
import stray
import text_rules
from tree import Tree, code_of

TABLE = """
pure: base/core api/model daemon/tables
port: daemon/store/rows.h
base/core     : -
base/run      : base/core
api/model     : base/core
daemon/store  : base/core base/run
daemon/tables : base/core api/model daemon/store
cli/config    : */options.h
cli/run       : *
"""


class Rules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.layers = layers.Layers(TABLE)

    def tree(self, **files):
        """Writes the files of a dict from path to text and reads them as a tree."""
        for path, text in files["files"].items():
            full = os.path.join(self.root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "w", encoding="utf-8") as file:
                file.write(text)
        return Tree(self.root)

    def expect(self, problems, *parts):
        """Exactly one problem for each part, which is in its text."""
        problems = list(problems)
        self.assertEqual(len(problems), len(parts), problems)
        for problem, part in zip(problems, parts):
            self.assertIn(part, problem)


class LayerRules(Rules):
    def test_a_folder_below_in_the_table_makes_a_cycle(self):
        self.expect(layers.acyclic(layers.Layers("a/x: a/y\na/y: a/x\n")), "a/x may include a/y")
        self.expect(layers.acyclic(self.layers))

    def test_braces_and_stars_expand(self):
        table = layers.Layers("a/x: -\na/y: -\nb/z: a/{x,y}\nb/w: a/*\n")
        self.assertEqual(table.allowed_folders("b/z"), {"a/x", "a/y"})
        self.assertEqual(table.allowed_folders("b/w"), {"a/x", "a/y"})

    def test_an_unknown_folder_is_named(self):
        tree = self.tree(files={"base/news/a.h": "", "base/core/a.h": ""})
        self.expect(layers.table_is_complete(tree, self.layers), "base/news")

    def test_an_include_outside_the_table_fails(self):
        tree = self.tree(files={
            "base/run/loop.h": "",
            "base/core/a.cc": '#include "base/run/loop.h"\n',
            "cli/run/main.cc": '#include "base/run/loop.h"\n',
        })
        self.expect(layers.includes(tree, self.layers),
                    'base/core/a.cc: base/core may not include "base/run/loop.h"')

    def test_options_may_be_included_where_their_folder_may_not(self):
        tree = self.tree(files={
            "base/run/options.h": "",
            "base/run/loop.h": "",
            "cli/config/a.cc": '#include "base/run/options.h"\n#include "base/run/loop.h"\n',
        })
        self.expect(layers.includes(tree, self.layers), "base/run/loop.h")

    def test_an_include_that_is_not_from_the_root_fails(self):
        tree = self.tree(files={"base/core/a.h": "", "base/core/a.cc": '#include "a.h"\n',
                                "tests/x/b.h": "", "tests/x/b.cc": '#include "b.h"\n'})
        self.expect(layers.includes(tree, self.layers),
                    'base/core/a.cc: includes "a.h", which is no file from the root',
                    'tests/x/b.cc: includes "b.h", which is no file from the root')

    def test_cmake_links_what_the_table_allows_and_the_sources_include(self):
        tree = self.tree(files={
            "base/core/CMakeLists.txt": "conclave_library(SOURCES a.cc DEPS base_run)",
            "base/core/a.h": "",
            "base/run/loop.h": '#include "base/core/a.h"\n',
            "base/run/CMakeLists.txt": "conclave_library(SOURCES b.cc  # no base_core)\n DEPS fmt)",
        })
        self.expect(layers.cmake_agrees(tree, self.layers),
                    "base/core/CMakeLists.txt: links base/run",
                    "base/run/CMakeLists.txt: base/run includes base/core; add base_core")


class PurityRules(Rules):
    def impure(self, text):
        tree = self.tree(files={"base/core/a.h": text})
        return list(layers.purity(tree, self.layers))

    def test_each_impure_thing_is_found(self):
        for text, what in [
            ("#include <boost/asio.hpp>\nboost::asio::post();", "Asio"),
            ("auto t = std::chrono::steady_clock::now();", "a clock"),
            ("clock_gettime(CLOCK_BOOTTIME, &now);", "a clock"),
            ("#include <ctime>", "a clock"),
            ("std::thread t;", "a thread"),
            ("#include <mutex>", "a thread"),
            ("#include <random>", "random numbers"),
            ("std::mt19937_64 g;", "random numbers"),
            ("std::unordered_map<int, int> m;", "an unordered container"),
            ("#include <unordered_set>", "an unordered container"),
            ('log_warn("raft", "x");', "the logger"),
            ("spdlog::info(1);", "the logger"),
        ]:
            problems = self.impure(text)
            self.assertTrue(problems, text)
            self.assertIn(what, problems[0])

    def test_words_in_comments_and_strings_do_not_count(self):
        self.assertEqual(self.impure(
            '// no std::thread\n/* nor spdlog,\n nor asio */ auto a = "steady_clock";\n'
            "char q = '\"'; int n = 1'000; auto r = R\"(std::mutex)\";\n"), [])

    def test_the_line_is_told(self):
        self.assertIn("base/core/a.h:3:", self.impure("// one\n/* two */\nstd::mutex m;\n")[0])

    def test_what_a_pure_folder_includes_is_pure_too(self):
        tree = self.tree(files={
            "daemon/tables/a.cc": '#include "daemon/store/rows.h"\n',
            "daemon/store/rows.h": '#include "base/core/b.h"\nstd::mutex m;\n',
            "base/core/b.h": "",
        })
        self.expect(layers.purity(tree, self.layers), "daemon/store/rows.h:2: is pure and names")

    def test_only_ports_may_be_included_from_folders_that_are_not_pure(self):
        tree = self.tree(files={
            "daemon/tables/a.cc": '#include "daemon/store/store.h"\n'
                                  '#include "daemon/store/rows.h"\n',
            "daemon/store/store.h": '#include "base/run/loop.h"\n',
            "daemon/store/rows.h": "",
            "base/run/loop.h": "std::mutex m;",
        })
        self.expect(layers.purity(tree, self.layers), 'includes "daemon/store/store.h"')

    def test_code_keeps_its_lines(self):
        text = 'a /* x\ny */ b "s\\"t" // c\nd'
        self.assertEqual(code_of(text), "a \n b  \nd")


class StrayRules(Rules):
    def test_a_source_that_is_not_listed_fails(self):
        tree = self.tree(files={
            "base/core/CMakeLists.txt": "conclave_library(SOURCES a.cc # b.cc\n)",
            "base/core/a.cc": "", "base/core/b.cc": "", "daemon/x/c.cc": "",
        })
        self.expect(stray.unbuilt_sources(tree), "base/core/b.cc: base/core/CMakeLists.txt",
                    "daemon/x/c.cc: no CMakeLists.txt")

    def test_a_list_file_above_may_name_a_source_by_its_path(self):
        tree = self.tree(files={"tests/crash/CMakeLists.txt": "conclave_test(SOURCES disk/a.cc)",
                                "tests/crash/disk/a.cc": ""})
        self.expect(stray.unbuilt_sources(tree))

    def test_a_header_that_nobody_includes_fails(self):
        tree = self.tree(files={"base/core/a.h": '#include "base/core/b.h"\n',
                                "base/core/b.h": ""})
        self.expect(stray.unused_headers(tree), "base/core/a.h")

    def test_a_python_file_that_nothing_runs_fails(self):
        tree = self.tree(files={
            "tests/x/CMakeLists.txt": "add_test(NAME x COMMAND python3 run_test.py)",
            "tests/x/run_test.py": "from support import this\n",
            "tests/x/support.py": "", "tests/x/forgotten.py": "",
        })
        self.expect(stray.unrun_programs(tree), "tests/x/forgotten.py")

    def test_a_test_folder_without_its_library_fails(self):
        tree = self.tree(files={"tests/unit/base_core/a_test.cc": "", "base/core/a.h": "",
                                "tests/unit/base_lost/b_test.cc": ""})
        self.expect(stray.test_folders(tree), "no library base/lost")


class TextRules(Rules):
    def test_a_line_over_100_columns_fails_unless_it_is_a_link(self):
        tree = self.tree(files={
            "base/core/a.h": "x" * 100 + "\n" + "ä" * 100 + "\n" + "x" * 101 + "\n",
            "base/core/b.h": "// https://" + "x" * 100 + "\n", "docs/c.md": "x" * 200,
        })
        self.expect(text_rules.columns(tree), "base/core/a.h:3: 101 columns")

    def test_untidy_line_ends_fail(self):
        tree = self.tree(files={"scripts/a": "x \n\ty\nz"})
        self.expect(text_rules.line_ends(tree), "no end", ":1: white space", ":2: a tab")

    def test_unfinished_work_fails(self):
        tree = self.tree(files={"base/core/a.h": "// TO" + "DO: later\n", "docs/b.md": "FIX" + "ME",
                                "base/core/c.h": "todos\n"})
        self.expect(text_rules.unfinished(tree), "base/core/a.h:1", "docs/b.md:1")

    def test_paths_of_one_machine_fail(self):
        tree = self.tree(files={"scripts/a": "cd /ho" + "me/someone/src\n",
                                "scripts/b": "cd a/ho" + "me/x; ls /usr/share\n"})
        self.expect(text_rules.machine_paths(tree), "scripts/a:1")

    def test_names_that_say_nothing_fail(self):
        tree = self.tree(files={"base/core/string_util.h": "", "base/helpers/a.h": "",
                                "base/core/utility_bill.h": ""})
        self.expect(text_rules.names(tree), "'util'", "'helpers'")

    def test_strangers_at_the_top_fail(self):
        tree = self.tree(files={"notes/a.txt": "", "README.md": ""})
        self.expect(text_rules.top_level(tree), "notes")

    def test_long_files_fail(self):
        tree = self.tree(files={"base/core/a.cc": "x\n" * 451, "base/core/b.cc": "x\n" * 450})
        self.expect(text_rules.length(tree, {}), "base/core/a.cc: 451 lines")

    def test_exceptions_are_bounded_needed_real_and_explained(self):
        exceptions = text_rules.read_exceptions(
            "# comment\n"
            "base/core/a.cc 500 a table\n"
            "base/core/b.cc 500 a table\n"
            "base/core/c.cc 500 a table\n"
            "base/core/gone.cc 500\n")
        tree = self.tree(files={"base/core/a.cc": "x\n" * 500, "base/core/b.cc": "x\n" * 501,
                                "base/core/c.cc": "x\n"})
        self.expect(text_rules.length(tree, exceptions), "base/core/b.cc: 501 lines",
                    "base/core/c.cc: 1 lines; it needs no exception",
                    "base/core/gone.cc: in tests/tidy/long_files.txt, but not in the tree",
                    "without a reason")


class FormatRule(Rules):
    def test_an_unformatted_file_fails(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/format")
        with open(script, encoding="utf-8") as file:
            text = file.read()
        folders = ("base", "raft", "api", "daemon", "agent", "cli", "tests")
        self.tree(files={f"{folder}/a.h": "int a;\n" for folder in folders}
                  | {"scripts/format": text, ".clang-format": "BasedOnStyle: Google\n"})

        def check():
            return subprocess.run(["bash", os.path.join(self.root, "scripts/format"), "--check"],
                                  capture_output=True, check=False).returncode

        self.assertEqual(check(), 0)
        self.tree(files={"base/a.h": "int   a ;\n"})
        self.assertNotEqual(check(), 0)


if __name__ == "__main__":
    unittest.main()
