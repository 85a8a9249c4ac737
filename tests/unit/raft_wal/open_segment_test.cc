#include "raft/wal/open_segment.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace conclave::raft {
namespace {

/// On a disk, whose file system mostly takes direct writes, and in memory, which does not say.
class OpenSegmentTest : public testing::TestWithParam<const char*> {
 protected:
  OpenSegmentTest() {
    const bool exists = std::filesystem::is_directory(GetParam());
    std::string pattern =
        (exists ? GetParam() : testing::TempDir()) + std::string("/segment-XXXXXX");
    directory = mkdtemp(pattern.data());
    path = directory + "/log";
  }
  ~OpenSegmentTest() override { std::filesystem::remove_all(directory); }

  OpenSegment opened(std::uint64_t end = 0) const {
    OpenSegment segment = OpenSegment::open(path).value();
    EXPECT_TRUE(segment.go_to(end));
    return segment;
  }
  std::string content() const {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void put(const std::string& bytes) const {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << bytes;
  }

  std::string directory;
  std::string path;
};

TEST_P(OpenSegmentTest, AppendsOfAnySizeFollowEachOther) {
  OpenSegment segment = opened();
  std::string wanted;
  for (const std::size_t size : {1U, 4095U, 4096U, 0U, 8U, 5000U, 1U << 20, 77U, 6U << 20, 3U}) {
    const std::string bytes(size, static_cast<char>('a' + wanted.size() % 26));
    ASSERT_TRUE(segment.append(bytes));
    wanted += bytes;
    EXPECT_EQ(segment.end(), wanted.size());
    EXPECT_EQ(segment.filled() % 4096, 0);
    EXPECT_GE(segment.filled(), segment.end());
  }
  EXPECT_EQ(content().size(), segment.filled());
  wanted.resize(segment.filled(), '\0');
  EXPECT_TRUE(content() == wanted);
}

TEST_P(OpenSegmentTest, GoesOnInTheMiddleOfABlock) {
  ASSERT_TRUE(opened().append(std::string(5000, 'a')));
  OpenSegment segment = opened(4500);
  EXPECT_EQ(segment.filled(), 8192);
  ASSERT_TRUE(segment.append("bbb"));
  EXPECT_EQ(content(), std::string(4500, 'a') + "bbb" + std::string(8192 - 4503, '\0'));
}

TEST_P(OpenSegmentTest, FillsWithZerosAheadOfTheEnd) {
  OpenSegment segment = opened();
  ASSERT_TRUE(segment.append("a"));
  ASSERT_TRUE(segment.fill_to(3 << 20));
  EXPECT_EQ(segment.filled(), 3 << 20);
  EXPECT_EQ(segment.end(), 1);
  ASSERT_TRUE(segment.fill_to(5));
  EXPECT_EQ(segment.filled(), 3 << 20);
  EXPECT_TRUE(content() == "a" + std::string((3 << 20) - 1, '\0'));
}

TEST_P(OpenSegmentTest, WhatIsBehindTheEndIsZeroed) {
  put(std::string(3 * 4096, 'x') + std::string(5 << 20, '\0') + std::string(100, 'y'));
  OpenSegment segment = opened(4097);
  ASSERT_TRUE(segment.zero_rest());
  std::string wanted(4097, 'x');
  const std::string got = content();
  wanted.resize(got.size(), '\0');
  EXPECT_TRUE(got == wanted);
  EXPECT_GE(got.size(), (3U * 4096) + (5U << 20) + 100);
}

TEST_P(OpenSegmentTest, NothingIsReadBeyondTheEndOfAShortFile) {
  put("abc");
  OpenSegment segment = opened(3);
  EXPECT_EQ(segment.filled(), 4096);
  ASSERT_TRUE(segment.zero_rest());
  ASSERT_TRUE(segment.append("de"));
  EXPECT_EQ(content().substr(0, 6), std::string("abcde\0", 6));
}

TEST_P(OpenSegmentTest, SaysWhatItCannotOpen) {
  const auto segment = OpenSegment::open(directory + "/missing/log");
  ASSERT_FALSE(segment);
  EXPECT_NE(segment.error().message.find("/missing/log"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, OpenSegmentTest, testing::Values("/var/tmp", "/dev/shm"));

}  // namespace
}  // namespace conclave::raft
