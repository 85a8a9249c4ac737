// One damage per test: either it is what a crash leaves, and is cut off, or it is named.

#include "raft/wal/recovery.h"
#include "raft/wal/wal.h"
#include "tests/unit/raft_wal/wal_fixture.h"

namespace conclave::raft {
namespace {

class WalDamage : public WalTest {
 protected:
  void three_batches() {
    create();
    write({entry(1, 1, "first"), entry(2, 1, "second")}, 0);
    write({entry(3, 1, "third")}, 2);
    write({entry(4, 1, "fourth")}, 3);
    close();
  }
};

TEST_F(WalDamage, torn_last_batch_is_cut) {
  three_batches();
  flip(last_segment(), find(last_segment(), "fourth"));
  open();
  EXPECT_EQ(payloads(), "first second third ");
  EXPECT_TRUE(recovered.torn);
}

TEST_F(WalDamage, torn_batch_whose_commit_record_survived_is_cut) {
  create();
  write({entry(1, 1, "first"), entry(2, 1, "second")});
  close();
  flip(last_segment(), find(last_segment(), "first"));
  open();
  EXPECT_EQ(payloads(), "");
  EXPECT_TRUE(recovered.torn);
}

TEST_F(WalDamage, what_was_cut_never_comes_back) {
  create();
  write({entry(1, 1, "first"), entry(2, 1, "SECOND")});
  close();
  const std::string torn = read(last_segment());
  flip(last_segment(), find(last_segment(), "first"));
  open();
  EXPECT_EQ(read(last_segment()).find("SECOND"), std::string::npos) << "zeroed";
  write({entry(1, 2, "other")});
  open();
  EXPECT_EQ(payloads(), "other ");
}

TEST_F(WalDamage, log_may_be_cut_and_written_again_and_again) {
  create();
  std::string expected;
  for (std::uint64_t index = 1; index <= 6; ++index) {
    write({entry(index, 1, "kept" + std::to_string(index))});
    write({entry(index + 1, 1, "torn" + std::to_string(index))});
    close();
    flip(last_segment(), find(last_segment(), "torn" + std::to_string(index)));
    open();
    expected += "kept" + std::to_string(index) + " ";
    EXPECT_EQ(payloads(), expected);
  }
}

TEST_F(WalDamage, damaged_batch_before_others_is_named) {
  three_batches();
  flip(last_segment(), find(last_segment(), "third"));
  expect_corrupt({last_segment(), "at byte", "conclave operator recover"});
}

TEST_F(WalDamage, zeroed_block_before_others_is_named) {
  three_batches();
  std::string bytes = read(last_segment());
  const std::size_t from = find(last_segment(), "first") / 512 * 512;
  for (std::size_t at = from; at < from + 100; ++at) bytes[at] = 0;
  overwrite(last_segment(), bytes);
  expect_corrupt({last_segment()});
}

TEST_F(WalDamage, torn_batch_that_the_checkpoint_covers_is_damage) {
  three_batches();
  flip(last_segment(), find(last_segment(), "fourth"));
  expect_corrupt({last_segment(), "ends with entry 3", "holds entry 4"}, 4);
}

TEST_F(WalDamage, log_that_begins_after_the_state_is_named) {
  create();
  for (std::uint64_t index = 1; index <= 20; ++index) {
    write({entry(index, 1, std::string(3000, 'x'))}, index);
  }
  release(20);
  expect_corrupt({"begins after entry", "ends with entry 1"}, 1);
}

class WalDamageInSegments : public WalDamage {
 protected:
  void SetUp() override {
    create();
    for (std::uint64_t index = 1; index <= 12; ++index) {
      write({entry(index, 1, "number" + std::to_string(index) + std::string(3000, '.'))});
    }
    close();
    ASSERT_GE(segments().size(), 3u);
  }
};

TEST_F(WalDamageInSegments, missing_segment_is_named) {
  std::filesystem::remove(segment_path(options.directory, 2));
  expect_corrupt({segment_path(options.directory, 3), "segment before it is missing"});
}

TEST_F(WalDamageInSegments, damaged_header_is_named) {
  flip(last_segment(), 30);
  expect_corrupt({last_segment(), "header"});
}

TEST_F(WalDamageInSegments, end_of_an_earlier_segment_is_never_torn) {
  const std::string bytes = read(first_segment());
  flip(first_segment(), bytes.rfind("number"));
  expect_corrupt({first_segment()});
}

TEST_F(WalDamageInSegments, earlier_segment_cut_short_is_named) {
  const std::string bytes = read(first_segment());
  overwrite(first_segment(), bytes.substr(0, bytes.size() / 2));
  expect_corrupt({first_segment(), "ends here"});
}

TEST_F(WalDamageInSegments, segment_of_another_data_directory_is_named) {
  const std::string own = options.directory;
  options.directory = directory + "/other";
  identity.incarnation.fill(9);
  SetUp();
  std::filesystem::copy_file(segment_path(options.directory, 2), segment_path(own, 2),
                             std::filesystem::copy_options::overwrite_existing);
  options.directory = own;
  expect_corrupt({segment_path(own, 2), "another"});
}

TEST_F(WalDamageInSegments, segment_under_another_name_is_named) {
  std::filesystem::copy_file(segment_path(options.directory, 1), segment_path(options.directory, 2),
                             std::filesystem::copy_options::overwrite_existing);
  expect_corrupt({segment_path(options.directory, 2), "another id"});
}

TEST_F(WalDamageInSegments, records_of_an_earlier_use_of_the_file_are_ignored) {
  open();
  release(12);
  for (std::uint64_t index = 13; index <= 16; ++index) {
    write({entry(index, 1, "again" + std::to_string(index) + std::string(3000, '.'))});
  }
  EXPECT_NE(read(last_segment()).find("number"), std::string::npos) << "it is used again";
  open(12);
  EXPECT_EQ(recovered.entries.size(), 4u);
  EXPECT_FALSE(recovered.torn);
}

/// A small log whose segment is `bytes`, with what was recovered after each of its batches.
class WalImages : public WalDamage {
 protected:
  void SetUp() override {
    options.segment_bytes = 8 << 10;
    options.fill_bytes = 256;
    create({configuration_entry(1, 1, "a")});
    ends.push_back(content_end());
    prefixes.push_back(1);
    std::uint64_t index = 1;
    for (std::uint64_t batch = 0; batch < 5; ++batch) {
      std::vector<Entry> entries;
      for (std::uint64_t i = 0; i <= batch % 3; ++i) {
        ++index;
        entries.push_back(entry(index, 1, std::string(index % 13, 'p')));
      }
      write(entries, index, HardState{.current_term = {1}, .voted_for = {"a"}});
      ends.push_back(content_end());
      prefixes.push_back(index);
    }
    close();
    bytes = read(last_segment());
    path = last_segment();
  }

  std::size_t content_end() const { return read_log(options.directory, {})->end; }
  /// Opens an image. nullopt: named as damaged; else how many entries were recovered, which are
  /// right.
  std::optional<std::uint64_t> outcome(const std::string& image) {
    overwrite(path, image);
    const Result<void> opened = try_open();
    if (!opened) {
      // Or what another version wrote, which servers do not move aside.
      const bool is_newer = opened.error().message.find("it has format") != std::string::npos;
      EXPECT_EQ(opened.error().code, is_newer ? ErrorCode::failed : ErrorCode::corrupt)
          << opened.error().message;
      return std::nullopt;
    }
    for (std::uint64_t i = 1; i < recovered.entries.size(); ++i) {
      EXPECT_EQ(recovered.entries[i], entry(i + 1, 1, std::string((i + 1) % 13, 'p')));
    }
    return recovered.entries.size();
  }

  std::string path;
  std::string bytes;
  std::vector<std::size_t> ends;        ///< Of each batch.
  std::vector<std::uint64_t> prefixes;  ///< Entries up to there.
};

TEST_F(WalImages, cut_at_every_byte_recovers_every_batch_that_is_whole) {
  for (std::size_t size = header_step_bytes; size <= ends.back(); ++size) {
    // A log whose file ends too early for its first batch was never given its name.
    if (size < ends.front()) continue;
    std::uint64_t expected = 0;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if (ends[i] <= size) expected = prefixes[i];
    }
    EXPECT_EQ(outcome(bytes.substr(0, size)), expected) << size;
  }
}

TEST_F(WalImages, flip_of_any_byte_is_named_unless_it_is_in_the_last_batch_or_in_padding) {
  for (std::size_t at = 0; at < ends.back(); ++at) {
    std::string image = bytes;
    image[at] = static_cast<char>(image[at] ^ 0x04);
    const auto entries = outcome(image);
    const std::size_t last_begin = ends[ends.size() - 2];
    if (!entries) {
      EXPECT_LT(at, last_begin) << "the last batch may be torn";
    } else if (at < last_begin) {
      EXPECT_EQ(*entries, prefixes.back()) << "only padding may be changed unnoticed: " << at;
    } else {
      EXPECT_GE(*entries, prefixes[prefixes.size() - 2]) << at;
    }
  }
}

TEST_F(WalImages, any_subset_of_the_last_batch_is_cut) {
  const std::size_t begin = ends[ends.size() - 2];
  for (std::size_t from = begin; from < ends.back(); from += 8) {
    for (std::size_t to = from + 8; to <= ends.back(); to += 8) {
      std::string image = bytes;
      std::fill(image.begin() + static_cast<std::ptrdiff_t>(from),
                image.begin() + static_cast<std::ptrdiff_t>(to), '\0');
      const auto entries = outcome(image);
      ASSERT_TRUE(entries);
      EXPECT_TRUE(*entries == prefixes.back() || *entries == prefixes[prefixes.size() - 2]);
    }
  }
}

}  // namespace
}  // namespace conclave::raft
