// One damage per test: it is got over where that is safe, and named where it is not.

#include <sys/stat.h>

#include "base/core/rng.h"
#include "daemon/store/checkpoint_file.h"
#include "daemon/store/generation.h"
#include "daemon/store/page_walk.h"
#include "daemon/store/row_frame.h"
#include "tests/unit/daemon_store/store_fixture.h"

namespace conclave::daemon {
namespace {

class StoreDamage : public StoreTest {
 protected:
  void expect_corrupt(const std::vector<std::string>& words) {
    expect_refused(ErrorCode::corrupt, words);
  }
  void expect_refused(ErrorCode code, const std::vector<std::string>& words) {
    const Result<void> opened = try_open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, code) << opened.error().message;
    for (const std::string& word : words) {
      EXPECT_NE(opened.error().message.find(word), std::string::npos) << opened.error().message;
    }
  }
  /// Two checkpoints, at index 10 and 20, of rows in place and in chunks.
  void fill() {
    open();
    for (std::uint64_t index = 1; index <= 20; ++index) {
      commit(index, [&](Rows& rows) {
        for (int i = 0; i < 10; ++i) {
          const std::string key = "key " + std::to_string(index * 7 % 11) + std::to_string(i);
          rows.put(key, std::string(i == 0 ? 5000 : 300, static_cast<char>('a' + index)));
        }
      });
      if (index % 10 == 0) checkpoint();
    }
  }
  std::string newest_checkpoint() const {
    const auto pair = read_checkpoints(generation());
    return checkpoint_path(generation(), slot_of(pair->newest->sequence));
  }
  std::string data() const { return generation() + "/data.mdb"; }
};

TEST_F(StoreDamage, checkpoint_file_torn_while_it_was_written_leaves_the_one_before) {
  fill();
  put(21, "new", "row");
  store->start_checkpoint();
  step();
  step();
  step();  // The file is written, not synced.
  abandon();
  flip(newest_checkpoint(), 5000);
  open();
  EXPECT_EQ(store->applied().index, 20u);
  EXPECT_EQ(get("new"), std::nullopt);
}

TEST_F(StoreDamage, older_checkpoint_is_refused_once_its_pages_were_used_again) {
  fill();
  for (std::uint64_t index = 21; index <= 120; ++index) {
    put(index, "key " + std::to_string(index), std::string(1500, 'x'));
    if (index % 5 == 0 && index < 56) checkpoint();
  }
  abandon();
  flip(newest_checkpoint(), 4096 + 100);
  expect_corrupt({"data.mdb", "page"});
}

TEST_F(StoreDamage, no_readable_checkpoint_is_named) {
  fill();
  abandon();
  flip(checkpoint_path(generation(), 0), 20);
  flip(checkpoint_path(generation(), 1), 20);
  expect_corrupt({"neither checkpoint file", generation(), "rebuilt"});
}

TEST_F(StoreDamage, checkpoint_of_another_generation_is_named) {
  fill();
  abandon();
  CheckpointPair pair = *read_checkpoints(generation());
  for (Checkpoint* each : {&*pair.newest, &*pair.other}) {
    each->generation = 9;
    ASSERT_TRUE(write_checkpoint(generation(), *each));
  }
  expect_corrupt({"generation 9"});
}

TEST_F(StoreDamage, missing_current_is_not_taken_for_an_empty_directory) {
  fill();
  abandon();
  std::filesystem::remove(options.directory + "/current");
  expect_corrupt({"current is missing", "index 20"});
}

TEST_F(StoreDamage, generation_that_was_never_finished_is_begun_anew) {
  open();
  abandon();
  std::filesystem::remove(options.directory + "/current");
  open();
  EXPECT_EQ(store->applied().index, 0u);
}

TEST_F(StoreDamage, damaged_current_is_named) {
  fill();
  abandon();
  flip(options.directory + "/current", 3);
  expect_corrupt({"/current", "damaged"});
}

TEST_F(StoreDamage, generations_that_do_not_count_are_removed) {
  fill();
  abandon();
  std::filesystem::create_directories(options.directory + "/0000000000000007");
  open();
  EXPECT_FALSE(std::filesystem::exists(options.directory + "/0000000000000007"));
  EXPECT_EQ(store->applied().index, 20u);
}

TEST_F(StoreDamage, data_file_that_is_cut_short_is_named) {
  fill();
  abandon();
  std::filesystem::resize_file(data(), 3 * lmdb_page_bytes);
  expect_corrupt({"data.mdb has 12288 bytes"});
}

TEST_F(StoreDamage, missing_data_file_is_named) {
  fill();
  abandon();
  std::filesystem::remove(data());
  const Result<void> opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("data.mdb"), std::string::npos);
}

/// What another version may have written is not called corrupt: servers move corrupt files aside.
TEST_F(StoreDamage, file_of_unknown_format_is_refused_and_not_written_to) {
  const struct {
    std::size_t at;
    ErrorCode code;
    const char* says;
  } cases[] = {{16, ErrorCode::corrupt, "not an LMDB file"},
               {20, ErrorCode::failed, "LMDB format version"},
               {41, ErrorCode::failed, "pages of"}};
  for (const auto& [at, code, says] : cases) {
    fill();
    abandon();
    flip(data(), at);
    struct stat before{};
    struct stat after{};
    ::stat(data().c_str(), &before);
    expect_refused(code, {says});
    ::stat(data().c_str(), &after);
    EXPECT_EQ(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    std::filesystem::remove_all(options.directory);
  }
}

using StoreDamageDeathTest = StoreDamage;

TEST_F(StoreDamageDeathTest, damaged_row_ends_the_process_when_it_is_read) {
  open();
  put(1, "key", "a row that will not be what it was");
  checkpoint();
  abandon();
  std::fstream file(data(), std::ios::in | std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  const std::size_t at = bytes.find("a row that");
  ASSERT_NE(at, std::string::npos);
  flip(data(), at);
  open();
  EXPECT_DEATH(get("key"), "0x6b6579.*damaged");
}

// Whatever has become of a page, the walk ends, inside the file, and says so.
TEST_F(StoreDamage, page_walk_survives_any_damage) {
  fill();
  abandon();
  const Checkpoint checkpoint = *read_checkpoints(generation())->newest;
  ASSERT_TRUE(walk_pages(data(), checkpoint));
  std::ifstream file(data(), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  Rng rng(3);
  const std::string damaged = directory + "/damaged.mdb";
  int noticed = 0;
  for (int i = 0; i < 600; ++i) {
    std::string copy = bytes;
    const std::size_t page = rng.between(2, bytes.size() / lmdb_page_bytes - 1) * lmdb_page_bytes;
    // Heads and pointers more often than the contents of rows.
    const std::size_t at = page + (rng.chance(2, 3) ? rng.below(64) : rng.below(lmdb_page_bytes));
    copy[at] = static_cast<char>(rng.next());
    std::ofstream(damaged, std::ios::binary | std::ios::trunc) << copy;
    if (!walk_pages(damaged, checkpoint)) ++noticed;
  }
  EXPECT_GT(noticed, 40);
}

TEST_F(StoreDamage, page_walk_finds_every_flip_in_a_row) {
  fill();
  abandon();
  const Checkpoint checkpoint = *read_checkpoints(generation())->newest;
  std::ifstream file(data(), std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(file), {});
  // The rows of index 20 are in use for certain.
  const std::size_t at = bytes.find(std::string(300, static_cast<char>('a' + 20)));
  ASSERT_NE(at, std::string::npos);
  for (std::size_t i = 0; i < 300; i += 7) {
    flip(data(), at + i);
    EXPECT_FALSE(walk_pages(data(), checkpoint));
    flip(data(), at + i);
  }
  EXPECT_TRUE(walk_pages(data(), checkpoint));
}

TEST(CheckpointFile, comes_back_and_is_refused_with_any_byte_flipped_or_missing) {
  const Checkpoint checkpoint{.sequence = 1,
                              .generation = 2,
                              .transaction_id = 3,
                              .applied = {4, 5},
                              .rows = 6,
                              .state_hash = 7,
                              .meta_pages = std::string(meta_pages_bytes, 'm')};
  const std::string whole = encode_checkpoint(checkpoint);
  const auto back = decode_checkpoint(whole);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->sequence, 1u);
  EXPECT_EQ(back->applied, (AppliedPosition{4, 5}));
  EXPECT_EQ(back->state_hash, 7u);
  EXPECT_EQ(back->meta_pages, checkpoint.meta_pages);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 2);
    EXPECT_FALSE(decode_checkpoint(bytes)) << at;
    EXPECT_FALSE(decode_checkpoint(whole.substr(0, at))) << at;
  }
}

TEST(RowFrame, is_refused_with_any_byte_flipped_or_missing_or_under_another_key) {
  std::string in_place;
  frame_in_place(in_place, "key", "row");
  std::string chunked;
  frame_chunked(chunked, "key", {.size = 9000, .chunk_id = 2, .hash = 3, .crc = 4});
  ASSERT_EQ(read_frame("key", in_place)->row, "row");
  ASSERT_EQ(read_frame("key", chunked)->chunked.size, 9000u);
  for (const std::string& whole : {in_place, chunked}) {
    EXPECT_FALSE(read_frame("kez", whole));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 1);
      EXPECT_FALSE(read_frame("key", bytes)) << at;
      EXPECT_FALSE(read_frame("key", whole.substr(0, at))) << at;
    }
  }
}

TEST(CurrentFile, comes_back_and_is_refused_when_damaged) {
  for (const SyncMode mode : {SyncMode::checkpoint, SyncMode::full}) {
    const CurrentGeneration current{.number = 0x1234, .mode = mode};
    const std::string text = encode_current(current);
    EXPECT_EQ(decode_current(text), current);
    for (std::size_t at = 0; at < text.size(); ++at) {
      std::string damaged = text;
      damaged[at] = static_cast<char>(damaged[at] ^ 1);
      EXPECT_FALSE(decode_current(damaged)) << at;
      EXPECT_FALSE(decode_current(text.substr(0, at))) << at;
    }
  }
}

}  // namespace
}  // namespace conclave::daemon
