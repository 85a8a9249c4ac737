#include "base/core/boxed.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>

namespace conclave {
namespace {

using Text = Boxed<std::string>;

TEST(Boxed, copies_are_of_the_value) {
  Text a = std::string("a");
  Text b = a;
  *b = "b";
  EXPECT_EQ(*a, "a");
  a = b;
  EXPECT_EQ(a, b);
  *b = "c";
  EXPECT_NE(a, b);
}

TEST(Boxed, what_was_moved_from_may_be_assigned_to) {
  Text a = std::string("a");
  const Text b = std::move(a);
  a = b;
  EXPECT_EQ(*a, "a");
}

TEST(Boxed, is_made_of_its_value_in_a_variant) {
  std::variant<int, Text> either = std::string("a");
  EXPECT_EQ(unboxed(std::get<Text>(either)), "a");
  static_assert(std::is_same_v<Unboxed<Text>, std::string>);
  static_assert(std::is_same_v<Unboxed<int>, int>);
}

}  // namespace
}  // namespace conclave
