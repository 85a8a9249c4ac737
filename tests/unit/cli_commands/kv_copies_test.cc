#include <cstdio>
#include <fstream>

#include "tests/unit/cli_commands/shell.h"

namespace conclave::cli {
namespace {

constexpr const char* stored =
    R"([{"LockIndex":0,"Key":"a/\"b\"","Flags":16210313421097356768,"Value":"dmFsdWU=",
         "CreateIndex":12,"ModifyIndex":34},
        {"LockIndex":0,"Key":"c","Flags":0,"Value":null,"CreateIndex":1,"ModifyIndex":1}])";
// Contract 17, `kv export`: JSON array, tab indented.
constexpr const char* exported =
    "[\n"
    "\t{\n\t\t\"key\": \"a/\\\"b\\\"\",\n\t\t\"flags\": 16210313421097356768,\n"
    "\t\t\"value\": \"dmFsdWU=\"\n\t},\n"
    "\t{\n\t\t\"key\": \"c\",\n\t\t\"flags\": 0,\n\t\t\"value\": \"\"\n\t}\n"
    "]\n";

using KvCopies = Shell;

TEST_F(KvCopies, export_writes_a_tab_indented_array) {
  answer(200, stored);
  EXPECT_EQ(run({"kv", "export", "/a/"}), 0);
  EXPECT_EQ(out(), exported);
  EXPECT_EQ(asked_.url, "http://127.0.0.1:8500/v1/kv/a/?recurse");
}

TEST_F(KvCopies, export_of_nothing_is_an_empty_array) {
  answer(404, "");
  EXPECT_EQ(run({"kv", "export"}), 0);
  EXPECT_EQ(out(), "[]\n");
}

TEST_F(KvCopies, an_answer_that_was_cut_is_no_export) {
  answer(200, stored);
  answer_->truncated = true;
  EXPECT_EQ(run({"kv", "export"}), 1);
  EXPECT_EQ(out(), "");
  EXPECT_NE(err().find("is longer than 1024 MiB"), std::string::npos);
}

TEST_F(KvCopies, import_reads_what_export_wrote) {
  answer(200, "true");
  EXPECT_EQ(run({"kv", "import", "-"}, exported), 0) << err();
  EXPECT_EQ(out(), "Imported: a/\"b\"\nImported: c\n");
  const std::vector<std::string> expected = {
      "PUT http://127.0.0.1:8500/v1/kv/a/%22b%22?flags=16210313421097356768",
      "PUT http://127.0.0.1:8500/v1/kv/c?flags=0"};
  EXPECT_EQ(all_asked_, expected);
  EXPECT_EQ(asked_.body, "");
}

TEST_F(KvCopies, import_takes_a_file_or_the_text_itself_and_a_prefix) {
  answer(200, "true");
  const std::string file = testing::TempDir() + "conclave-import";
  std::ofstream(file) << R"([{"key":"k","flags":0,"value":"dg=="}])";
  EXPECT_EQ(run({"kv", "import", "-prefix", "copy/", "@" + file}), 0) << err();
  std::remove(file.c_str());
  EXPECT_EQ(out(), "Imported: copy/k\n");
  EXPECT_EQ(asked_.body, "v");
  EXPECT_EQ(run({"kv", "import", "[]"}), 0);
  EXPECT_EQ(out(), "");
}

TEST_F(KvCopies, import_stops_at_the_first_failure) {
  const char* pairs = R"([{"key":"a","value":""},{"key":"b","value":""}])";
  answer(500, "No cluster leader");
  EXPECT_EQ(run({"kv", "import", pairs}), 1);
  EXPECT_EQ(err(),
            "Error! Failed writing data for key a: Unexpected response code: 500 (No cluster "
            "leader)\n");
  EXPECT_EQ(all_asked_.size(), 1u);
}

TEST_F(KvCopies, import_says_what_is_wrong_with_its_argument) {
  EXPECT_EQ(run({"kv", "import"}), 1);
  EXPECT_EQ(err(), "Error! Missing DATA argument\n");
  EXPECT_EQ(run({"kv", "import", ""}), 1);
  EXPECT_EQ(err(), "Error! Empty DATA argument\n");
  EXPECT_EQ(run({"kv", "import", "a", "b"}), 1);
  EXPECT_EQ(err(), "Error! Too many arguments (expected 1, got 2)\n");
  EXPECT_EQ(run({"kv", "import", "@/does/not/exist"}), 1);
  EXPECT_EQ(err(), "Error! Failed to read file: /does/not/exist\n");
  EXPECT_EQ(run({"kv", "import", "{"}), 1);
  EXPECT_TRUE(err().starts_with("Cannot unmarshal data: ")) << err();
  EXPECT_EQ(run({"kv", "import", R"([{"key":"a","value":"*"}])"}), 1);
  EXPECT_EQ(err(), "Error base 64 decoding value for key a: illegal base64 data\n");
}

}  // namespace
}  // namespace conclave::cli
