#include "api/hcl/number.h"

#include <gtest/gtest.h>

#include <string>

namespace conclave::api::hcl {
namespace {

TEST(HclNumber, ends_where_it_ends) {
  struct Example {
    std::string_view text;
    std::size_t length;
  };
  for (const Example& example : std::initializer_list<Example>{
           {"1", 1},
           {"12,", 2},
           {"-5]", 2},
           {"-", 0},
           {"a", 0},
           {"", 0},
           {".5", 2},
           {".", 0},
           {"1.", 1},
           {"1.5e", 4},
           {"1e+5x", 4},
           {"0xfg", 3},
           {"-0x10", 5},
       }) {
    EXPECT_EQ(number_length(example.text), example.length) << example.text;
  }
}

TEST(HclNumber, means_what_go_says) {
  struct Example {
    std::string_view text;
    std::string_view json;  ///< "" = none.
  };
  for (const Example& example : std::initializer_list<Example>{
           {"007", "7"},
           {"-0x10", "-16"},
           {".5", "0.5"},
           {"0.25", "0.25"},
           {"-9223372036854775808", "-9223372036854775808"},
           {"0x8000000000000000", ""},
           {"1e", ""},
           {"0x", ""},
           {"09", ""},
       }) {
    std::string json;
    if (const auto value = read_number(example.text)) value->append_to(json);
    EXPECT_EQ(json, example.json) << example.text;
  }
}

}  // namespace
}  // namespace conclave::api::hcl
