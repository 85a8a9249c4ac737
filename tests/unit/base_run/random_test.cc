#include "base/run/random.h"

#include <gtest/gtest.h>

#include <set>

#include "base/core/uuid.h"
#include "base/run/clock.h"

namespace conclave {
namespace {

TEST(Random, gives_as_many_bytes_as_asked_and_others_each_time) {
  for (const std::size_t size : {0u, 1u, 16u, 1000u}) EXPECT_EQ(random_bytes(size).size(), size);
  EXPECT_NE(random_bytes(16), random_bytes(16));
  EXPECT_NE(random_u64(), random_u64());
}

TEST(Random, uuids_are_version_4_and_do_not_repeat) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = random_uuid();
    EXPECT_TRUE(is_uuid(uuid)) << uuid;
    EXPECT_EQ(uuid[14], '4') << uuid;
    EXPECT_TRUE(seen.insert(uuid).second);
  }
}

TEST(SystemClock, goes_on_and_knows_the_year) {
  const Nanos before = system_clock().boot_now();
  EXPECT_GE(system_clock().boot_now(), before);
  EXPECT_GT(before, Nanos{0});
  EXPECT_GT(system_clock().wall_now(), std::chrono::hours{24} * 365 * 50);
}

}  // namespace
}  // namespace conclave
