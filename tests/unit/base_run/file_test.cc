#include "base/run/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

namespace conclave {
namespace {

class Files : public testing::Test {
 protected:
  Files() {
    std::string name = testing::TempDir() + "conclave-files-XXXXXX";
    directory_ = ::mkdtemp(name.data());
  }
  ~Files() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  static mode_t mode_of(const std::string& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return status.st_mode & 0777;
  }
  void expect_error(const Error& error, ErrorCode code, const std::string& part) {
    EXPECT_EQ(error.code, code);
    EXPECT_NE(error.message.find(part), std::string::npos) << error.message;
  }

  std::string directory_;
};

TEST_F(Files, written_whole_are_read_whole) {
  const std::string bytes("a\0b\xff", 4);
  ASSERT_TRUE(write_file_atomically(path("f"), bytes).has_value());
  EXPECT_EQ(read_file(path("f")), bytes);
  EXPECT_EQ(mode_of(path("f")), 0600u);
}

TEST_F(Files, replaced_leave_no_temporary_file) {
  ASSERT_TRUE(write_file_atomically(path("f"), "a long first text").has_value());
  ASSERT_TRUE(write_file_atomically(path("f"), "second", 0640).has_value());
  EXPECT_EQ(read_file(path("f")), "second");
  EXPECT_EQ(mode_of(path("f")), 0640u);
  EXPECT_EQ(list_directory(directory_), std::vector<std::string>{"f"});
}

TEST_F(Files, that_cannot_be_written_name_the_path_and_what_to_do) {
  const auto written = write_file_atomically(path("no/f"), "x");
  ASSERT_FALSE(written.has_value());
  expect_error(
      written.error(), ErrorCode::not_found,
      "open " + path("no/f.tmp") + ": No such file or directory; check that the path is right");
}

TEST_F(Files, that_cannot_be_renamed_into_place_leave_nothing) {
  ASSERT_TRUE(make_directories(path("f/inside")).has_value());
  const auto written = write_file_atomically(path("f"), "x");
  ASSERT_FALSE(written.has_value());
  expect_error(written.error(), ErrorCode::io, "rename");
  EXPECT_EQ(list_directory(directory_), std::vector<std::string>{"f"});
}

TEST_F(Files, not_there_are_not_found) {
  expect_error(read_file(path("none")).error(), ErrorCode::not_found, path("none"));
  expect_error(list_directory(path("none")).error(), ErrorCode::not_found, path("none"));
}

TEST_F(Files, larger_than_the_limit_are_refused) {
  ASSERT_TRUE(write_file_atomically(path("f"), "12345").has_value());
  EXPECT_EQ(read_file(path("f"), 5), "12345");
  expect_error(read_file(path("f"), 4).error(), ErrorCode::too_large, "4 bytes");
}

TEST_F(Files, that_are_directories_cannot_be_read) {
  expect_error(read_file(directory_).error(), ErrorCode::io, "it is a directory");
}

TEST_F(Files, removed_twice_are_gone_without_complaint) {
  ASSERT_TRUE(write_file_atomically(path("f"), "x").has_value());
  EXPECT_TRUE(path_exists(path("f")));
  EXPECT_TRUE(remove_file(path("f")).has_value());
  EXPECT_FALSE(path_exists(path("f")));
  EXPECT_TRUE(remove_file(path("f")).has_value());
  EXPECT_FALSE(remove_file(directory_).has_value());
}

TEST_F(Files, directories_are_made_with_their_parents_for_us_only) {
  ASSERT_TRUE(make_directories(path("a/b/c")).has_value());
  EXPECT_EQ(mode_of(path("a")), 0700u);
  EXPECT_EQ(mode_of(path("a/b/c")), 0700u);
  EXPECT_TRUE(make_directories(path("a/b/c")).has_value());
  ASSERT_TRUE(write_file_atomically(path("f"), "").has_value());
  expect_error(make_directories(path("f")).error(), ErrorCode::io, path("f"));
  EXPECT_FALSE(make_directories(path("f/g")).has_value());
}

TEST_F(Files, listings_are_sorted) {
  for (const char* name : {"b", "c", "a"}) {
    ASSERT_TRUE(write_file_atomically(path(name), "").has_value());
  }
  EXPECT_EQ(list_directory(directory_), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(Files, a_lock_is_held_until_its_descriptor_closes) {
  auto first = lock_file(path(".lock"));
  ASSERT_TRUE(first.has_value());
  const auto second = lock_file(path(".lock"));
  ASSERT_FALSE(second.has_value());
  expect_error(second.error(), ErrorCode::exists, "another process holds it");
  first->close();
  EXPECT_TRUE(lock_file(path(".lock")).has_value());
}

TEST_F(Files, free_space_is_asked_of_the_file_system) {
  EXPECT_GT(free_disk_bytes(directory_).value_or(0), 0u);
  EXPECT_EQ(free_disk_bytes(path("none")).error().code, ErrorCode::not_found);
}

TEST_F(Files, descriptors_close_when_their_owner_goes) {
  int number = -1;
  {
    auto file = open_file(directory_, O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(file.has_value());
    number = file->get();
    EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC);
    const Descriptor moved = std::move(*file);
    EXPECT_FALSE(*file);
    EXPECT_EQ(moved.get(), number);
  }
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

}  // namespace
}  // namespace conclave
