#include "raft/wal/format.h"

#include <gtest/gtest.h>

namespace conclave::raft {
namespace {

SegmentHeader some_header() {
  SegmentHeader header;
  header.identity.cluster_id.fill(3);
  header.identity.incarnation.fill(4);
  header.segment_id = 5;
  header.first_batch = 6;
  header.boot_counter = 7;
  header.previous_index = {8};
  header.previous_term = {9};
  header.commit_index = {10};
  header.hard_state = {.current_term = {11}, .voted_for = {"somebody"}};
  header.configuration_index = {12};
  header.configuration = "configuration";
  return header;
}

TEST(WalFormat, header_comes_back_as_it_was) {
  const std::string bytes = encode_header(some_header());
  EXPECT_EQ(bytes.size(), header_step_bytes);
  const auto decoded = decode_header(bytes + "what follows");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->header, some_header());
  EXPECT_EQ(decoded->size, bytes.size());
}

TEST(WalFormat, header_with_a_long_configuration_takes_more_blocks) {
  SegmentHeader header = some_header();
  header.configuration.assign(10'000, 'c');
  const auto decoded = decode_header(encode_header(header));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->header, header);
  EXPECT_EQ(decoded->size, 3 * header_step_bytes);
}

TEST(WalFormat, header_is_refused_with_any_byte_flipped_or_any_bytes_missing) {
  const std::string whole = encode_header(some_header());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    EXPECT_FALSE(decode_header(bytes)) << at;
    EXPECT_FALSE(decode_header(whole.substr(0, at))) << at;
  }
}

TEST(WalFormat, header_of_a_later_version_is_refused_by_name) {
  std::string bytes = encode_header(some_header());
  bytes[8] = 2;
  EXPECT_NE(decode_header(bytes).error().message.find("format 2"), std::string::npos);
}

std::string sealed_batch(std::uint32_t seed) {
  std::string batch;
  append_record(batch, RecordKind::hard_state, EntryKind::noop, {}, {7}, "me");
  append_record(batch, RecordKind::entry, EntryKind::command, {5}, {6}, "payload");
  append_record(batch, RecordKind::commit, EntryKind::noop, {4}, {}, {});
  seal_records(batch, 9, seed);
  return batch;
}

TEST(WalFormat, records_of_a_batch_come_back_numbered) {
  const std::uint32_t seed = checksum_seed({}, 1);
  const std::string batch = sealed_batch(seed);
  const auto first = read_record(batch, 0, seed);
  ASSERT_TRUE(first);
  const auto second = read_record(batch, first->end, seed);
  ASSERT_TRUE(second);
  const auto third = read_record(batch, second->end, seed);
  ASSERT_TRUE(third);
  EXPECT_EQ(first->kind, RecordKind::hard_state);
  EXPECT_EQ(first->payload, "me");
  EXPECT_EQ(second->kind, RecordKind::entry);
  EXPECT_EQ(second->entry_kind, EntryKind::command);
  EXPECT_EQ(second->index, Index{5});
  EXPECT_EQ(second->term, Term{6});
  EXPECT_EQ(second->payload, "payload");
  EXPECT_EQ(third->kind, RecordKind::commit);
  EXPECT_EQ(third->position, 2u);
  EXPECT_EQ(third->batch, 9u);
  EXPECT_EQ(third->end, batch.size());
  EXPECT_EQ(batch.size() % record_alignment, 0u);
}

TEST(WalFormat, record_is_refused_with_any_byte_flipped) {
  const std::uint32_t seed = checksum_seed({}, 1);
  const std::string batch = sealed_batch(seed);
  const std::size_t begin = read_record(batch, 0, seed)->end;
  const std::size_t covered = record_head_bytes + std::string_view("payload").size();
  for (std::size_t at = begin; at < begin + covered; ++at) {
    std::string bytes = batch;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x80);
    EXPECT_FALSE(read_record(bytes, begin, seed)) << at - begin;
  }
}

TEST(WalFormat, record_of_another_segment_incarnation_or_cluster_is_refused) {
  const std::string batch = sealed_batch(checksum_seed({}, 1));
  EXPECT_FALSE(read_record(batch, 0, checksum_seed({}, 2)));
  LogIdentity other;
  other.incarnation[15] = 1;
  EXPECT_FALSE(read_record(batch, 0, checksum_seed(other, 1)));
  other = {};
  other.cluster_id[0] = 1;
  EXPECT_FALSE(read_record(batch, 0, checksum_seed(other, 1)));
}

TEST(WalFormat, record_cut_anywhere_is_refused) {
  const std::uint32_t seed = checksum_seed({}, 1);
  const std::string batch = sealed_batch(seed);
  const std::size_t end = read_record(batch, 0, seed)->end;
  for (std::size_t size = 0; size < end; ++size) {
    EXPECT_FALSE(read_record(std::string_view(batch).substr(0, size), 0, seed)) << size;
  }
}

}  // namespace
}  // namespace conclave::raft
