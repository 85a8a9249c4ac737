#include "daemon/store/overlay.h"

#include <gtest/gtest.h>

#include "base/core/rng.h"
#include "daemon/store/memory_rows.h"

namespace conclave::daemon {
namespace {

class OverlayTest : public testing::Test {
 protected:
  std::string listing(std::string_view from = "") const {
    std::string out;
    overlay.scan(from, [&](std::string_view key, std::string_view row) {
      out.append(key).append("=").append(row).append(" ");
      return true;
    });
    return out;
  }

  MemoryRows below;
  Overlay overlay{below};
};

TEST_F(OverlayTest, shows_its_changes_over_the_rows_below) {
  below.put("a", "1");
  below.put("b", "2");
  below.put("d", "4");
  overlay.put("b", "two");
  overlay.put("c", "three");
  overlay.erase("d");
  overlay.erase("never there");
  EXPECT_EQ(overlay.get("a"), "1");
  EXPECT_EQ(overlay.get("b"), "two");
  EXPECT_EQ(overlay.get("d"), std::nullopt);
  EXPECT_EQ(listing(), "a=1 b=two c=three ");
  EXPECT_EQ(listing("b"), "b=two c=three ");
}

TEST_F(OverlayTest, leaves_the_rows_below_alone_until_flushed) {
  below.put("a", "1");
  overlay.put("b", "2");
  overlay.erase("a");
  EXPECT_EQ(below.get("a"), "1");
  EXPECT_EQ(below.get("b"), std::nullopt);
  overlay.flush();
  EXPECT_EQ(below.get("a"), std::nullopt);
  EXPECT_EQ(below.get("b"), "2");
  EXPECT_EQ(overlay.changed_rows(), 0u);
}

TEST_F(OverlayTest, drop_forgets_everything) {
  below.put("a", "1");
  overlay.put("a", "2");
  overlay.erase("a");
  overlay.drop();
  EXPECT_EQ(listing(), "a=1 ");
  EXPECT_EQ(overlay.changed_rows(), 0u);
  EXPECT_EQ(overlay.changed_bytes(), 0u);
}

TEST_F(OverlayTest, counts_each_changed_row_once) {
  overlay.put("key", "12345");
  overlay.put("key", "123");
  EXPECT_EQ(overlay.changed_rows(), 1u);
  EXPECT_EQ(overlay.changed_bytes(), 6u);
  overlay.erase("key");
  EXPECT_EQ(overlay.changed_rows(), 1u);
  EXPECT_EQ(overlay.changed_bytes(), 3u);
}

TEST_F(OverlayTest, scan_stops_when_the_visitor_says_so) {
  below.put("a", "1");
  below.put("c", "3");
  overlay.put("b", "2");
  overlay.put("d", "4");
  for (std::size_t stop_after = 1; stop_after <= 4; ++stop_after) {
    std::size_t seen = 0;
    overlay.scan("", [&](std::string_view, std::string_view) { return ++seen < stop_after; });
    EXPECT_EQ(seen, stop_after);
  }
}

TEST_F(OverlayTest, row_may_be_put_from_a_view_of_the_overlay_itself) {
  overlay.put("a", "abc");
  overlay.put("a", overlay.get("a")->substr(1));
  overlay.put("b", *overlay.get("a"));
  EXPECT_EQ(listing(), "a=bc b=bc ");
}

TEST_F(OverlayTest, scan_prefix_visits_that_prefix_only) {
  below.put("a/1", "1");
  below.put("b/1", "2");
  overlay.put("a/2", "3");
  std::string seen;
  overlay.scan_prefix("a/", [&](std::string_view key, std::string_view) {
    seen.append(key).append(" ");
    return true;
  });
  EXPECT_EQ(seen, "a/1 a/2 ");
}

TEST_F(OverlayTest, random_changes_agree_with_rows_changed_directly) {
  Rng rng(7);
  MemoryRows model;
  for (int round = 0; round < 300; ++round) {
    MemoryRows changed = model;
    for (std::uint64_t i = rng.below(12); i > 0; --i) {
      const std::string key = std::to_string(rng.below(40));
      if (rng.chance(1, 3)) {
        overlay.erase(key);
        changed.erase(key);
      } else {
        const std::string row(rng.below(3000), static_cast<char>('a' + rng.below(26)));
        overlay.put(key, row);
        changed.put(key, row);
      }
    }
    std::string expected;
    changed.scan("2", [&](std::string_view key, std::string_view row) {
      expected.append(key).append("=").append(row).append(" ");
      return true;
    });
    ASSERT_EQ(listing("2"), expected);
    if (rng.chance(1, 2)) {
      overlay.flush();
      model = changed;
    } else {
      overlay.drop();
    }
    ASSERT_EQ(below, model);
  }
}

}  // namespace
}  // namespace conclave::daemon
