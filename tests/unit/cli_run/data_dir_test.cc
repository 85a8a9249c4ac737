#include "cli/run/data_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/core/uuid.h"
#include "cli/run/pid_file.h"

namespace conclave::cli {
namespace {

namespace fs = std::filesystem;

class DataDirectory : public testing::Test {
 protected:
  DataDirectory() : scratch_(fs::path(testing::TempDir()) / "conclave-data-dir-test") {
    fs::remove_all(scratch_);
    fs::create_directories(scratch_);
  }
  ~DataDirectory() override { fs::remove_all(scratch_); }

  std::string path() const { return (scratch_ / "a" / "data").string(); }

  const fs::path scratch_;
};

constexpr const char* some_id = "11111111-2222-3333-4444-555555555555";

TEST_F(DataDirectory, is_created_for_its_user_alone) {
  auto opened = DataDir::open(path(), "");
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  struct stat status{};
  ASSERT_EQ(::stat(path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(DataDirectory, keeps_the_node_id) {
  std::string id;
  {
    auto opened = DataDir::open(path(), "");
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    id = opened->node_id();
    EXPECT_TRUE(is_uuid(id));
  }
  auto again = DataDir::open(path(), "");
  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->node_id(), id);
}

TEST_F(DataDirectory, takes_the_configured_id_once) {
  {
    ASSERT_TRUE(DataDir::open(path(), some_id).has_value());
  }
  {
    EXPECT_EQ(DataDir::open(path(), "")->node_id(), some_id);
  }
  auto other = DataDir::open(path(), "99999999-2222-3333-4444-555555555555");
  ASSERT_FALSE(other.has_value());
  EXPECT_NE(other.error().message.find("belongs to node"), std::string::npos);
}

TEST_F(DataDirectory, belongs_to_one_process_at_a_time) {
  auto first = DataDir::open(path(), "");
  ASSERT_TRUE(first.has_value());
  auto second = DataDir::open(path(), "");
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::exists);
  EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos);
}

TEST_F(DataDirectory, that_is_a_file_is_refused) {
  std::ofstream(scratch_ / "file") << "x";
  auto opened = DataDir::open((scratch_ / "file").string(), "");
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("is not a directory"), std::string::npos);
}

TEST_F(DataDirectory, with_a_damaged_node_id_says_what_to_do) {
  {
    ASSERT_TRUE(DataDir::open(path(), "").has_value());
  }
  std::ofstream(path() + "/node-id") << "rubbish";
  auto opened = DataDir::open(path(), "");
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("does not hold a UUID"), std::string::npos);
}

TEST_F(DataDirectory, temporary_ones_go_with_the_object) {
  std::string where;
  {
    auto opened = DataDir::temporary("");
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    where = opened->path();
    EXPECT_TRUE(fs::exists(where));
  }
  EXPECT_FALSE(fs::exists(where));
}

TEST_F(DataDirectory, pid_file_is_there_as_long_as_its_object) {
  const std::string file = (scratch_ / "pid").string();
  {
    auto pid = PidFile::write(file);
    ASSERT_TRUE(pid.has_value()) << pid.error().message;
    EXPECT_TRUE(fs::exists(file));
  }
  EXPECT_FALSE(fs::exists(file));
  EXPECT_FALSE(PidFile::write((scratch_ / "none" / "pid").string()).has_value());
}

}  // namespace
}  // namespace conclave::cli
