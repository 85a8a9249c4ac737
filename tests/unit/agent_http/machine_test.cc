#include "agent/http/machine.h"

#include <gtest/gtest.h>

#include "api/codec/json_value.h"

namespace conclave::agent {
namespace {

api::JsonValue parsed(const std::string& json) {
  auto value = api::parse_json(json);
  EXPECT_TRUE(value.has_value()) << json;
  return value ? std::move(*value) : api::JsonValue();
}

std::uint64_t number(const api::JsonValue& object, std::string_view name) {
  std::uint64_t value = 0;
  const api::JsonValue* member = object.find(name);
  EXPECT_TRUE(member != nullptr && member->to_u64(value)) << name;
  return value;
}

TEST(Machine, memory_is_in_bytes) {
  const auto memory = parsed(
      memory_json("MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    600 kB\n"
                  "Buffers:          50 kB\nCached:          350 kB\nSwapTotal:         0 kB\n"));
  EXPECT_EQ(number(memory, "total"), 1000u * 1024);
  EXPECT_EQ(number(memory, "available"), 600u * 1024);
  EXPECT_EQ(number(memory, "used"), 500u * 1024);
  double share = 0;
  EXPECT_TRUE(memory.find("usedPercent")->to_double(share));
  EXPECT_EQ(share, 50.0);
}

TEST(Machine, each_processor_is_an_object) {
  const auto processors = parsed(
      processors_json("processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu sse\ncpu MHz : 2000.5"
                      "\n\nprocessor\t: 1\nmodel name\t: Some CPU\nflags\t\t:\n"));
  ASSERT_EQ(processors.if_array()->size(), 2u);
  const auto& first = processors.if_array()->front();
  EXPECT_EQ(*first.find("modelName")->if_string(), "Some CPU");
  EXPECT_EQ(first.find("flags")->if_array()->size(), 2u);
  EXPECT_EQ(number(first, "mhz"), 2000u);
  EXPECT_EQ(number(processors.if_array()->back(), "cpu"), 1u);
  EXPECT_EQ(processors_json(""), "[]");
}

TEST(Machine, release_names_lose_their_quotes) {
  const auto release = parse_os_release("ID=debian\nVERSION_ID=\"12\"\n# no pair\n");
  EXPECT_EQ(release, (api::StringMap{{"ID", "debian"}, {"VERSION_ID", "12"}}));
}

TEST(Machine, a_disk_that_is_not_there_is_an_error_and_the_rest_is_shown) {
  const auto host = parsed(host_json("/does/not/exist"));
  EXPECT_TRUE(host.find("Disk")->is_null());
  EXPECT_EQ(*host.find("Errors")->if_array()->front().if_string(),
            "statfs /does/not/exist: No such file or directory");
  EXPECT_GT(number(*host.find("Memory"), "total"), 0u);
  EXPECT_EQ(*host.find("Host")->find("os")->if_string(), "linux");
  const auto good = parsed(host_json("/"));
  EXPECT_TRUE(good.find("Errors")->is_null());
  EXPECT_GT(number(*good.find("Disk"), "total"), 0u);
}

}  // namespace
}  // namespace conclave::agent
