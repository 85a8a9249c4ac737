/// Lists of any size: what does not fit into a loop's share comes from LargeReads, and is the same
/// answer. Oracle: design section 4, "Large bodies"; contract 1.5, 2.2 and 2.3.

#include <fmt/format.h>
#include <zlib.h>

#include "api/codec/indent.h"
#include "daemon/watch/metered_rows.h"
#include "tests/unit/daemon_http/server_fixture.h"

namespace conclave::daemon {
namespace {

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out;
  std::string buffer(64 * 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(buffer, 0, buffer.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  EXPECT_EQ(code, Z_STREAM_END);
  return out;
}

/// Keys below "big/", more than a loop looks at, whose list is more than stays in memory.
class LargeListTest : public ServerTest {
 protected:
  static constexpr int keys = 5000;
  LargeListTest() {
    for (int i = 0; i < keys; ++i) set(fmt::format("big/{:04}", i), std::string(150, 'v'));
  }
  void set(std::string key, std::string value) {
    KvOp op{.verb = KvVerb::set, .key = std::move(key), .value = {std::move(value)}};
    EXPECT_EQ(replica_.apply_now(std::move(op)).error, "");
  }
  /// The same list in parts that each fit.
  std::string in_parts() {
    std::string whole = "[";
    for (int part = 0; part < keys / 1000; ++part) {
      const std::string body = get(fmt::format("/v1/kv/big/{}?recurse", part)).body;
      if (part > 0) whole += ",";
      whole += body.substr(1, body.size() - 2);
    }
    return whole + "]";
  }
};

TEST_F(LargeListTest, entries_are_the_same_in_any_size) {
  const Answer answer = get_large("/v1/kv/big/?recurse");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.content_type, "application/json");
  EXPECT_EQ(answer.body, in_parts());
  EXPECT_GT(answer.body.size(), ListOutput::text_bytes_max);
  EXPECT_EQ(answer.length, answer.body.size()) << "sent with its length";
  EXPECT_EQ(answer.index(), 2u + keys);
  EXPECT_EQ(answer.header("X-Consul-KnownLeader"), "true");
}

TEST_F(LargeListTest, keys_are_listed_whole_though_they_fit_into_memory) {
  const Answer answer = get_large("/v1/kv/big/?keys");
  EXPECT_TRUE(answer.body.starts_with(R"(["big/0000","big/0001",)"));
  EXPECT_TRUE(answer.body.ends_with(R"("big/4999"])"));
  EXPECT_EQ(answer.index(), 2u + keys);
  EXPECT_EQ(get_large("/v1/kv/?keys&separator=/").body, R"(["big/"])");
}

TEST_F(LargeListTest, takes_every_form) {
  const std::string plain = get_large("/v1/kv/big/?recurse").body;
  const Answer pretty = get_large("/v1/kv/big/?recurse&pretty");
  EXPECT_EQ(pretty.body, api::indent_json(plain));
  EXPECT_EQ(pretty.length, std::nullopt);
  const Answer packed = get_large("/v1/kv/big/?recurse", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(packed.header("Content-Encoding"), "gzip");
  EXPECT_EQ(gunzip(packed.body), plain);
  const Answer both = get_large("/v1/kv/big/?recurse&pretty", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(gunzip(both.body), api::indent_json(plain));
}

TEST_F(LargeListTest, blocks_until_something_below_it_changes) {
  const std::string target = fmt::format("/v1/kv/big/?recurse&index={}", 2 + keys);
  const auto waiting = wait_for(target);
  for (int turn = 0; turn < 10; ++turn) settle();
  set("elsewhere", "x");
  for (int turn = 0; turn < 10; ++turn) settle();
  EXPECT_FALSE(waiting->answer.has_value());
  set("big/0007", "changed");
  for (int turn = 0; turn < 10; ++turn) settle();
  ASSERT_TRUE(waiting->answer.has_value());
  EXPECT_EQ(waiting->answer->index(), 4u + keys);
  EXPECT_EQ(waiting->answer->body, in_parts());
}

TEST_F(LargeListTest, one_entry_is_answered_at_once_beside_it) {
  EXPECT_EQ(get("/v1/kv/big/0001?raw").body, std::string(150, 'v'));
  EXPECT_EQ(get("/v1/kv/none/?recurse").status, 404);
}

TEST_F(ServerTest, large_lists_of_instances_take_filters_and_orders) {
  for (int i = 0; i < 5000; ++i) {
    const std::string node = fmt::format("n{:04}", i);
    Register one;
    one.node = {.node = node, .address = "10.0.0.9", .datacenter = "dc1"};
    one.service = api::NodeService{.id = "web", .service = "web", .port = i};
    one.checks.push_back({.node = node,
                          .check_id = "c",
                          .status = i % 2 == 0 ? "passing" : "critical",
                          .service_id = "web"});
    ASSERT_EQ(replica_.apply_now(std::move(one)).error, "");
  }
  const Answer health = get_large("/v1/health/service/web");
  EXPECT_TRUE(health.body.starts_with(R"([{"Node":{"ID":"","Node":"n0000")"));
  EXPECT_GT(health.length.value_or(0), ListOutput::text_bytes_max);
  EXPECT_EQ(health.header("X-Consul-Query-Backend"), "blocking-query");
  EXPECT_LT(get_large("/v1/health/service/web?passing").body.size(), health.body.size() * 2 / 3);
  const Answer one = get_large("/v1/catalog/service/web?filter=ServicePort==1234");
  EXPECT_TRUE(one.body.contains(R"("Node":"n1234")"));
  EXPECT_FALSE(one.body.contains("n1235"));
  EXPECT_EQ(one.index(), health.index());
  EXPECT_EQ(get_large("/v1/catalog/service/web?filter=ServicePort==9999").body, "[]");
  EXPECT_EQ(get_large("/v1/catalog/service/web?near=n0001").body,
            get_large("/v1/catalog/service/web").body)
      << "nobody has a coordinate";
  EXPECT_TRUE(get_large("/v1/health/state/critical").body.contains("n4999"));
  EXPECT_FALSE(get_large("/v1/health/state/critical").body.contains("n4998"));
  EXPECT_TRUE(get_large("/v1/catalog/nodes").body.contains("n4999"));
}

}  // namespace
}  // namespace conclave::daemon
