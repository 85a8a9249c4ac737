/// Snapshots made, sent, received and put in place.

#include "daemon/snapshot/snapshots.h"

#include <gtest/gtest.h>

#include "base/core/hash.h"
#include "base/core/text.h"
#include "daemon/snapshot/snapshot_reader.h"
#include "raft/core/configuration.h"
#include "tests/unit/daemon_snapshot/fixture.h"

namespace conclave::daemon {
namespace {

TEST_F(SnapshotTest, is_named_by_the_hash_of_its_bytes) {
  one->fill(5, 100, 300);
  const auto made = one->make();
  ASSERT_TRUE(made) << made.error().message;
  const std::string bytes = one->bytes_of(made->id);
  EXPECT_EQ(made->id, encode_hex(sha256(bytes)));
  EXPECT_EQ(made->size, bytes.size());
  EXPECT_EQ(made->index, raft::Index{5});
  EXPECT_EQ(made->term, raft::Term{3});
  EXPECT_EQ(made->configuration, one->configuration);
  const auto header = verify_snapshot(one->snapshots->path(made->id), made->id);
  ASSERT_TRUE(header) << header.error().message;
  EXPECT_EQ(header->rows, 101u);
  EXPECT_EQ(header->state_hash, one->store->usage().state_hash);
  EXPECT_EQ(header->revision, 1u);
}

TEST_F(SnapshotTest, equal_states_give_equal_bytes_whatever_their_past) {
  one->fill(5, 200, 900);
  two->fill(2, 300, 5000);  // Chunked rows, which the next batch replaces.
  {
    const auto batch = two->store->begin();
    for (int i = 200; i < 300; ++i) batch->rows().erase("k" + std::to_string(i));
    batch->commit({.index = 3, .term = 3});
  }
  two->fill(5, 200, 900);
  EXPECT_EQ(one->make()->id, two->make()->id);
}

TEST_F(SnapshotTest, one_of_the_same_state_is_found_again_and_a_later_one_is_made) {
  one->fill(5, 10, 10);
  const auto first = one->make();
  EXPECT_EQ(one->make()->id, first->id);
  one->fill(6, 11, 10);
  EXPECT_NE(one->make()->id, first->id);
}

TEST_F(SnapshotTest, the_newest_two_are_kept_and_those_that_somebody_holds) {
  one->fill(1, 10, 10);
  const std::string held = one->make()->id;
  for (std::uint64_t index = 2; index < 6; ++index) {
    one->fill(index, index, 20);
    one->snapshots->release(one->make()->id);
  }
  EXPECT_EQ(one->names().size(), 3u);
  EXPECT_TRUE(one->snapshots->has(held));
  one->snapshots->release(held);
  one->run();
  EXPECT_EQ(one->names().size(), 2u);
  EXPECT_FALSE(one->snapshots->has(held));
}

TEST_F(SnapshotTest, is_received_in_chunks_verified_and_put_in_place) {
  one->fill(50, 5000, 400);
  two->fill(7, 10, 10);
  const auto made = one->make();
  constexpr std::uint64_t chunk = 300'000;
  for (std::uint64_t at = 0; at < made->size; at += chunk) {
    const Result<void> stored = two->receive(*made, at, one->read(made->id, at, chunk));
    ASSERT_TRUE(stored) << stored.error().message;
  }
  bool told = false;
  two->snapshots->on_installed([&] { told = true; });
  two->install(*made);
  EXPECT_TRUE(told);
  EXPECT_EQ(two->store->applied(), one->store->applied());
  EXPECT_EQ(two->store->usage().state_hash, one->store->usage().state_hash);
  EXPECT_EQ(two->store->usage().rows, one->store->usage().rows);
  ASSERT_TRUE(two->store->origin());
  EXPECT_EQ(two->store->origin()->configuration, raft::encode_configuration(one->configuration));
  EXPECT_EQ(two->make()->id, made->id) << "who has received it makes the same";
}

/// As on a server whose state was moved aside, but not its snapshots.
TEST_F(SnapshotTest, what_was_received_is_kept_until_it_is_in_place_however_old) {
  one->fill(5, 10, 100);
  const raft::SnapshotMeta snapshot = one->make().value();
  for (const std::uint64_t index : {20u, 30u}) {
    two->fill(index, index, 10);
    two->snapshots->release(two->make().value().id);
  }
  two.reset();
  std::filesystem::remove_all(directory + "/two/state");
  two.emplace(directory + "/two");
  ASSERT_EQ(two->names().size(), 2u);
  ASSERT_TRUE(two->receive(snapshot, 0, one->bytes_of(snapshot.id)));
  EXPECT_EQ(two->bytes_of(snapshot.id), one->bytes_of(snapshot.id));
  two->install(snapshot);
  EXPECT_EQ(two->store->applied().index, 5u);
}

TEST_F(SnapshotTest, reception_goes_on_after_a_restart) {
  one->fill(50, 3000, 400);
  const auto made = one->make();
  ASSERT_TRUE(two->receive(*made, 0, one->read(made->id, 0, 200'000)));
  ASSERT_TRUE(two->receive(*made, 200'000, one->read(made->id, 200'000, 100'000)));
  two->open();
  ASSERT_TRUE(two->snapshots->partial());
  EXPECT_EQ(two->snapshots->partial()->snapshot, *made);
  EXPECT_EQ(two->snapshots->partial()->next_offset, 300'000u);
  ASSERT_TRUE(two->receive(*made, 300'000, one->read(made->id, 300'000, made->size)));
  two->install(*made);
  EXPECT_EQ(two->store->usage().state_hash, one->store->usage().state_hash);
  two->open();
  EXPECT_FALSE(two->snapshots->partial());
}

TEST_F(SnapshotTest, a_restart_before_the_last_chunk_was_looked_at_asks_for_its_last_byte) {
  one->fill(50, 100, 400);
  const auto made = one->make();
  const std::string bytes = one->bytes_of(made->id);
  ASSERT_TRUE(two->receive(*made, 0, bytes.substr(0, 5000)));
  std::ofstream(receiving_path(two->snapshots->directory()), std::ios::binary) << bytes;
  two->open();
  ASSERT_TRUE(two->snapshots->partial());
  EXPECT_EQ(two->snapshots->partial()->next_offset, made->size - 1);
  EXPECT_TRUE(two->receive(*made, made->size - 1, bytes.substr(made->size - 1)));
  EXPECT_TRUE(two->snapshots->has(made->id));
}

TEST_F(SnapshotTest, what_is_not_what_its_id_says_is_refused_and_forgotten) {
  one->fill(50, 100, 400);
  const auto made = one->make();
  std::string bytes = one->bytes_of(made->id);
  bytes[bytes.size() / 2] ^= 1;
  EXPECT_TRUE(two->receive(*made, 0, bytes.substr(0, 1000)));
  const Result<void> refused = two->receive(*made, 1000, bytes.substr(1000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::corrupt);
  EXPECT_TRUE(two->names().empty());
  EXPECT_FALSE(two->receive(*made, 1000, bytes.substr(1000))) << "it begins at 0";
}

TEST_F(SnapshotTest, a_whole_snapshot_of_another_position_is_refused) {
  one->fill(50, 100, 400);
  auto made = *one->make();
  const std::string bytes = one->bytes_of(made.id);
  made.index = {51};
  EXPECT_FALSE(two->receive(made, 0, bytes));
  made.index = {50};
  made.configuration = {};
  EXPECT_FALSE(two->receive(made, 0, bytes));
}

TEST_F(SnapshotTest, names_that_are_no_hash_never_become_paths) {
  raft::SnapshotMeta snapshot{.id = "../escape", .index = {1}, .term = {1}, .size = 4};
  EXPECT_FALSE(two->receive(snapshot, 0, "four"));
  EXPECT_TRUE(two->names().empty());
}

TEST_F(SnapshotTest, a_start_removes_what_was_half_written) {
  one->fill(5, 5000, 1000);
  one->snapshots->make([](const Result<raft::SnapshotMeta>&) {});
  while (one->names().empty()) {
    ASSERT_FALSE(one->steps.empty());
    const auto step = std::move(one->steps.front());
    one->steps.pop_front();
    step();
  }
  ASSERT_EQ(one->names().size(), 1u);
  std::filesystem::copy(one->snapshots->directory() + "/" + one->names()[0],
                        one->snapshots->directory() + "/new-99");
  one->open();
  EXPECT_TRUE(one->names().empty());
}

TEST_F(SnapshotTest, buffers_stay_small_however_large_the_state_is) {
  one->fill(5, 60'000, 500);
  auto writer = SnapshotWriter::begin(one->snapshots->new_path(), one->store->freeze(), "");
  ASSERT_TRUE(writer);
  std::size_t largest = 0;
  unsigned pieces = 1;
  while (!(*writer)->step().value()) {
    largest = std::max(largest, (*writer)->buffer_bytes());
    ++pieces;
  }
  EXPECT_GT(pieces, 20u);
  EXPECT_LT(largest, std::size_t{3} << 20);
  auto reader = SnapshotReader::open(one->snapshots->new_path());
  EXPECT_FALSE(reader) << "another name";
  reader = SnapshotReader::open(one->snapshots->directory() + "/new-1");
  ASSERT_TRUE(reader);
  while (reader->next().value()) ASSERT_LT(reader->buffer_bytes(), std::size_t{1} << 20);
  EXPECT_EQ(reader->id(), (*writer)->id());
}

TEST_F(SnapshotTest, none_is_made_while_one_is_put_in_place) {
  one->fill(50, 100, 400);
  const auto made = one->make();
  ASSERT_TRUE(two->receive(*made, 0, one->bytes_of(made->id)));
  two->snapshots->install(*made, [] {});
  bool refused = false;
  two->snapshots->make([&](const Result<raft::SnapshotMeta>& got) { refused = !got; });
  EXPECT_TRUE(refused);
  two->run();
}

}  // namespace
}  // namespace conclave::daemon
