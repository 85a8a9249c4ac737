#include "raft/wal/async_writes.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <optional>

#include "raft/wal/open_segment.h"

namespace conclave::raft {
namespace {

class AsyncWritesTest : public testing::Test {
 protected:
  AsyncWritesTest() : path(testing::TempDir() + "/conclave-async-writes") {}
  ~AsyncWritesTest() override { std::filesystem::remove(path); }

  void SetUp() override {
    segment = OpenSegment::open(path).value();
    ASSERT_TRUE(segment.fill_to(1 << 20));
    writes = AsyncWrites::create(loop);
    if (writes == nullptr) GTEST_SKIP() << "this system has no asynchronous writes";
    if (!segment.direct()) GTEST_SKIP() << "this file system takes no direct writes";
  }
  std::int64_t result_of(const OpenSegment::Write& write) {
    std::optional<std::int64_t> ended;
    const bool begun =
        writes->begin(write.file, write.offset, write.blocks, [&](std::int64_t result) {
          ended = result;
          loop.stop();
        });
    if (!begun) return -EINVAL;
    loop.run();
    loop.context().restart();
    return ended.value();
  }

  const std::string path;
  Loop loop{"test"};
  OpenSegment segment;
  std::unique_ptr<AsyncWrites> writes;
};

TEST_F(AsyncWritesTest, write_one_after_the_other) {
  for (int i = 0; i < 20; ++i) {
    const std::string bytes(1000, static_cast<char>('a' + i));
    const OpenSegment::Write write = segment.lay_out(bytes);
    const std::int64_t result = result_of(write);
    if (result == -EAGAIN)
      ASSERT_TRUE(segment.write(write));
    else
      ASSERT_EQ(result, static_cast<std::int64_t>(write.blocks.size()));
    segment.appended(bytes.size());
  }
  EXPECT_EQ(segment.end(), 20000U);
}

TEST_F(AsyncWritesTest, a_file_that_cannot_be_written_is_an_error) {
  OpenSegment::Write write = segment.lay_out("x");
  const Descriptor read_only = open_file(path, O_RDONLY).value();
  write.file = read_only.get();
  EXPECT_LT(result_of(write), 0);
}

TEST_F(AsyncWritesTest, its_end_waits_for_what_is_under_way_and_calls_nobody) {
  const OpenSegment::Write write = segment.lay_out("x");
  const bool begun = writes->begin(write.file, write.offset, write.blocks,
                                   [](std::int64_t) { FAIL() << "it was ended before"; });
  EXPECT_TRUE(begun);
  writes.reset();
  loop.run_ready();
}

}  // namespace
}  // namespace conclave::raft
