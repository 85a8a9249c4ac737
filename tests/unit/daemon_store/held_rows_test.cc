#include "daemon/store/held_rows.h"

#include <gtest/gtest.h>

#include "base/core/rng.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {
namespace {

std::string listing(const ReadRows& rows, std::string_view from = "") {
  std::string out;
  rows.scan(from, [&](std::string_view key, std::string_view row) {
    out.append(key).append("=").append(row).append(" ");
    return true;
  });
  return out;
}

class HeldRowsTest : public testing::Test {
 protected:
  MemoryRows below;
  HeldRows held{below};
};

TEST_F(HeldRowsTest, rows_with_keys_of_one_byte_are_written_by_flush) {
  below.put("m", "1");
  held.put("m", "2");
  held.put("n", "3");
  held.put("long", "4");
  EXPECT_EQ(listing(below), "long=4 m=1 ");
  EXPECT_EQ(held.get("m"), "2");
  held.flush();
  EXPECT_EQ(listing(below), "long=4 m=2 n=3 ");
}

TEST_F(HeldRowsTest, erased_is_not_there_before_the_flush_and_after) {
  below.put("m", "1");
  held.erase("m");
  EXPECT_EQ(held.get("m"), std::nullopt);
  EXPECT_EQ(below.get("m"), "1");
  held.flush();
  EXPECT_EQ(below.get("m"), std::nullopt);
}

TEST_F(HeldRowsTest, row_may_be_a_view_of_what_it_replaces) {
  held.put("m", "a row that is too long to be kept in place");
  held.put("m", held.get("m")->substr(6));
  EXPECT_EQ(held.get("m"), "that is too long to be kept in place");
}

TEST_F(HeldRowsTest, scans_see_what_is_held) {
  below.put("a", "1");
  held.put("m", "2");
  EXPECT_EQ(listing(held, "mm"), "");
  EXPECT_EQ(below.get("m"), std::nullopt) << "a scan behind it has no need of it";
  EXPECT_EQ(listing(held, "b"), "m=2 ");
}

/// Whatever is done, it looks like the rows below without anything held.
TEST_F(HeldRowsTest, agrees_with_plain_rows) {
  Rng rng(7);
  MemoryRows plain;
  for (int i = 0; i < 5000; ++i) {
    std::string key(1 + rng.below(2), 'a');
    for (char& c : key) c = static_cast<char>('a' + rng.below(4));
    switch (rng.below(5)) {
      case 0:
        held.erase(key), plain.erase(key);
        break;
      case 1:
        held.flush();
        break;
      case 2:
        ASSERT_EQ(listing(held, key), listing(plain, key));
        break;
      default:
        held.put(key, std::to_string(i)), plain.put(key, std::to_string(i));
    }
    ASSERT_EQ(held.get(key), plain.get(key));
  }
  held.flush();
  EXPECT_EQ(listing(below), listing(plain));
}

}  // namespace
}  // namespace conclave::daemon
