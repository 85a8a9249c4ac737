// Oracle: contract 15.2, limits; trap 27 of section 20.

#include "agent/dns/trim.h"

#include <gtest/gtest.h>

#include "tests/unit/agent_dns/sample.h"

namespace conclave::dns {
namespace {

TEST(Limits, trap_27_three_answers_over_plain_udp_and_no_truncation_bit) {
  Bench bench;
  const Judged judged = bench.ask("web.service.consul.", Type::a, crowd(10));
  EXPECT_EQ(judged.answer.size(), 3u);
  EXPECT_FALSE(judged.truncated);
}

TEST(Limits, are_eight_answers_at_most_over_plain_udp) {
  Bench bench;
  bench.options.udp_answer_limit = 100;
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, crowd(20)).answer.size(), 8u);
  bench.options.udp_answer_limit = 5;
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, crowd(20)).answer.size(), 5u);
}

TEST(Limits, set_the_truncation_bit_where_that_is_wanted) {
  Bench bench;
  bench.options.enable_truncate = true;
  EXPECT_TRUE(bench.ask("web.service.consul.", Type::a, crowd(4)).truncated);
  EXPECT_FALSE(bench.ask("web.service.consul.", Type::a, crowd(3)).truncated);
}

TEST(Limits, are_the_clients_bytes_with_edns) {
  Bench bench;
  const Judged all = bench.ask("web.service.consul.", Type::a, crowd(200), 4096);
  EXPECT_EQ(all.answer.size(), 200u);
  EXPECT_EQ(all.edns_bytes, 4096);
  const Judged some = bench.ask("web.service.consul.", Type::a, crowd(200), 1232);
  EXPECT_LE(bench.bytes.size(), 1232u);
  EXPECT_GT(bench.bytes.size(), 1232u - 20);
  EXPECT_GT(some.answer.size(), 70u);
}

TEST(Limits, are_512_bytes_counted_without_compression_over_plain_udp) {
  Bench bench;
  bench.options.udp_answer_limit = 8;
  const Judged judged =
      bench.ask("a-service-with-quite-a-long-name-of-its-own.service.consul.", Type::srv, crowd(8));
  EXPECT_LE(bench.bytes.size(), plain_udp_bytes);
  // 83 bytes each, and 36 for the address of each.
  EXPECT_EQ(judged.answer.size(), 3u);
  EXPECT_EQ(judged.additional.size(), 3u);
}

TEST(Limits, take_what_belongs_to_an_answer_with_it) {
  Bench bench;
  const Judged judged = bench.ask("web.service.consul.", Type::srv, crowd(100), 1232);
  ASSERT_TRUE(judged.readable);
  EXPECT_LE(bench.bytes.size(), 1232u);
  EXPECT_EQ(judged.answer.size(), judged.additional.size());
}

TEST(Limits, are_64_kib_over_tcp) {
  Bench bench;
  std::vector<Instance> instances;
  for (int n = 0; n < 6000; ++n) {
    instances.push_back(instance("n" + std::to_string(n),
                                 "10.1." + std::to_string(n / 250) + "." + std::to_string(n % 250),
                                 80));
  }
  const Judged judged =
      bench.ask("web.service.consul.", Type::a, service(instances), 0, Transport::tcp);
  ASSERT_TRUE(judged.readable);
  EXPECT_LE(bench.bytes.size(), 65535u);
  EXPECT_GT(judged.answer.size(), 4000u);
}

TEST(Limits, of_addresses_count_everywhere) {
  Bench bench;
  bench.options.a_record_limit = 2;
  bench.options.enable_truncate = true;
  for (const auto transport : {Transport::udp, Transport::tcp}) {
    const Judged judged = bench.ask("web.service.consul.", Type::a, crowd(10), 4096, transport);
    EXPECT_EQ(judged.answer.size(), 2u);
    EXPECT_FALSE(judged.truncated);
  }
  EXPECT_EQ(bench.ask("web.service.consul.", Type::srv, crowd(10), 4096).answer.size(), 10u);
}

TEST(Compression, can_be_turned_off) {
  Bench bench;
  bench.ask("web.service.consul.", Type::a, crowd(3));
  const std::size_t compressed = bench.bytes.size();
  bench.options.disable_compression = true;
  EXPECT_EQ(bench.ask("web.service.consul.", Type::a, crowd(3)).answer.size(), 3u);
  EXPECT_EQ(bench.bytes.size(), compressed + 3u * 18);
}

}  // namespace
}  // namespace conclave::dns
