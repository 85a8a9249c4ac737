#include "base/core/result.h"

#include <gtest/gtest.h>

#include "base/core/assert.h"

namespace conclave {
namespace {

Result<int> half_of(int number) {
  if (number % 2 != 0) return fail(ErrorCode::bad_request, "odd");
  return number / 2;
}

Result<void> check_even(int number) {
  CONCLAVE_TRY(half_of(number));
  return {};
}

Result<int> quarter_of(int number) {
  CONCLAVE_TRY_ASSIGN(const int half, half_of(number));
  CONCLAVE_TRY_ASSIGN(const int quarter, half_of(half));
  return quarter;
}

TEST(Result, try_passes_the_error_on) {
  EXPECT_EQ(check_even(3).error(), (Error{ErrorCode::bad_request, "odd"}));
  EXPECT_TRUE(check_even(4).has_value());
}

TEST(Result, try_assign_takes_the_value_or_passes_the_error_on) {
  EXPECT_EQ(quarter_of(8), 2);
  EXPECT_EQ(quarter_of(6).error().message, "odd");
  EXPECT_EQ(quarter_of(7).error().message, "odd");
}

TEST(Result, fail_prefixes_what_was_being_done) {
  const Error inner{ErrorCode::io, "permission denied"};
  EXPECT_EQ(fail("open /x", inner).error(), (Error{ErrorCode::io, "open /x: permission denied"}));
}

TEST(AssertDeathTest, says_what_was_believed_and_aborts) {
  EXPECT_DEATH(CONCLAVE_ASSERT(1 + 1 == 3), "assertion failed: 1 \\+ 1 == 3 \\(.*result_test.cc:");
  EXPECT_DEATH(CONCLAVE_ASSERT_WHY(false, "pigs do not fly"), "pigs do not fly");
}

}  // namespace
}  // namespace conclave
