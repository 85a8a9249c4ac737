// Oracle: contract section 0, output JSON with ?pretty; Go's json.MarshalIndent(v, "", "    ").
#include "api/codec/indent.h"

#include <gtest/gtest.h>

namespace conclave::api {
namespace {

TEST(IndentJson, uses_four_spaces_and_a_final_newline) {
  EXPECT_EQ(indent_json(R"({"a":[1,{"b":"x"}],"c":null})"),
            "{\n    \"a\": [\n        1,\n        {\n            \"b\": \"x\"\n        }\n    ],\n"
            "    \"c\": null\n}\n");
}

TEST(IndentJson, keeps_empty_containers_and_scalars_short) {
  EXPECT_EQ(indent_json("{}"), "{}\n");
  EXPECT_EQ(indent_json("[]"), "[]\n");
  EXPECT_EQ(indent_json("true"), "true\n");
  EXPECT_EQ(indent_json("{\"a\":[],\"b\":{ }}"), "{\n    \"a\": [],\n    \"b\": {}\n}\n");
}

TEST(IndentJson, leaves_strings_alone) {
  EXPECT_EQ(indent_json(R"(["{a: [,]} \" \\"])"), "[\n    \"{a: [,]} \\\" \\\\\"\n]\n");
}

TEST(IndentJson, is_the_same_in_pieces) {
  const std::string json = R"({"a":[1,{"b":"x\\\" ,"},[],{}],"c" : null})";
  for (std::size_t size = 1; size < json.size(); ++size) {
    JsonIndenter indenter;
    std::string out;
    for (std::size_t at = 0; at < json.size(); at += size) {
      indenter.append(std::string_view(json).substr(at, size), out);
    }
    indenter.end(out);
    EXPECT_EQ(out, indent_json(json)) << "pieces of " << size;
  }
}

TEST(IndentJson, changes_nothing_the_second_time) {
  const std::string once = indent_json(R"({"a":[1,2],"b":{"c":"d e"}})");
  EXPECT_EQ(indent_json(once), once);
}

}  // namespace
}  // namespace conclave::api
