// What an agent remembers of servers, and how it writes a request down again.

#include "agent/link/server_list.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "agent/link/repeat.h"
#include "api/http/target.h"
#include "base/run/file.h"

namespace conclave::agent {
namespace {

using Addresses = std::vector<std::string>;

class Remembering : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "servers-XXXXXX";
    directory = ::mkdtemp(name.data());
    path = directory + "/servers";
  }
  void TearDown() override { std::filesystem::remove_all(directory); }
  std::string directory;
  std::string path;
};

TEST_F(Remembering, servers_cluster_and_epoch_survive_a_restart) {
  const UuidBytes cluster{1, 2, 3};
  {
    ServerList list(path);
    ASSERT_TRUE(list.load().has_value());
    list.learn({"b:8300", "a:8300"}, true);
    list.learn({"c:8300"}, false);
    list.met(cluster, 2);
    list.met(cluster, 1);
  }
  ServerList list(path);
  ASSERT_TRUE(list.load().has_value());
  EXPECT_EQ(list.addresses(), (Addresses{"a:8300", "b:8300", "c:8300"}));
  EXPECT_EQ(list.cluster_id(), cluster);
  EXPECT_EQ(list.recovery_epoch(), 2u);
  list.learn({"d:8300"}, true);
  EXPECT_EQ(list.addresses(), Addresses{"d:8300"});
}

TEST_F(Remembering, a_damaged_file_is_named) {
  ASSERT_TRUE(write_file_atomically(path, "{\"ClusterID\":\"no\"}").has_value());
  ServerList list(path);
  const auto loaded = list.load();
  ASSERT_FALSE(loaded.has_value());
  EXPECT_TRUE(loaded.error().message.starts_with(path)) << loaded.error().message;
}

TEST(Shuffling, all_orders_come_and_the_lost_one_is_last) {
  ServerList list("");
  list.learn({"a", "b", "c"}, true);
  Rng rng(1);
  std::set<Addresses> seen;
  for (int n = 0; n < 200; ++n) seen.insert(list.shuffled("", rng));
  EXPECT_EQ(seen.size(), 6u);
  for (int n = 0; n < 50; ++n) EXPECT_EQ(list.shuffled("a", rng).back(), "a");
}

api::Request request(api::Method method, std::string_view target) {
  api::Request asked;
  asked.method = method;
  EXPECT_TRUE(api::parse_target(target, asked));
  return asked;
}

TEST(Repeating, only_the_wait_changes) {
  const Nanos wait = std::chrono::milliseconds(1500);
  EXPECT_EQ(with_wait("/v1/kv/a", wait), "/v1/kv/a?wait=1500ms");
  EXPECT_EQ(with_wait("/v1/kv/a?index=7&wait=5m&raw", wait), "/v1/kv/a?index=7&raw&wait=1500ms");
  EXPECT_EQ(with_wait("/v1/kv/a?wait&waiter=%26", Nanos(1)), "/v1/kv/a?waiter=%26&wait=1ms");
}

TEST(Repeating, waits_have_the_limits_of_the_agent) {
  const api::WaitLimits limits;
  using api::Method;
  EXPECT_EQ(wait_of(request(Method::get, "/v1/kv/a"), limits), std::nullopt);
  EXPECT_EQ(wait_of(request(Method::get, "/v1/kv/a?index=0&wait=1s"), limits), std::nullopt);
  EXPECT_EQ(wait_of(request(Method::put, "/v1/kv/a?index=3"), limits), std::nullopt);
  EXPECT_EQ(wait_of(request(Method::get, "/v1/kv/a?index=3"), limits), limits.default_wait);
  EXPECT_EQ(wait_of(request(Method::get, "/v1/kv/a?index=3&wait=10s"), limits),
            std::chrono::seconds(10));
  EXPECT_EQ(wait_of(request(Method::get, "/v1/kv/a?index=3&wait=1h"), limits), limits.max_wait);
}

TEST(Repeating, writes_need_a_request_id) {
  EXPECT_TRUE(may_be_repeated(request(api::Method::get, "/v1/kv/a")));
  api::Request write = request(api::Method::put, "/v1/kv/a");
  EXPECT_FALSE(may_be_repeated(write));
  write.headers.push_back({"x-conclave-request-id", "1"});
  EXPECT_TRUE(may_be_repeated(write));
}

}  // namespace
}  // namespace conclave::agent
