// The canonical record encoding: what is written, that it comes back, and that nothing else is
// read.

#include "api/model/record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/core/rng.h"
#include "base/core/text.h"
#include "daemon/command/command.h"

namespace conclave {
namespace {

enum class Colour : std::uint8_t { red = 0, green = 1 };

}  // namespace
}  // namespace conclave

template <>
inline constexpr std::uint64_t conclave::api::enum_end<conclave::Colour> = 2;

namespace conclave {
namespace {

using api::field;

struct Inner {
  std::int64_t weight = 1;  // a default that is not zero
  friend bool operator==(const Inner&, const Inner&) = default;
  static constexpr auto fields() { return std::tuple{field(1, "Weight", &Inner::weight)}; }
};

struct Left {
  static constexpr std::uint32_t record_tag = 1;
  std::string text;
  friend bool operator==(const Left&, const Left&) = default;
  static constexpr auto fields() { return std::tuple{field(1, "Text", &Left::text)}; }
};

struct Right {
  static constexpr std::uint32_t record_tag = 7;
  friend bool operator==(const Right&, const Right&) = default;
  static constexpr auto fields() { return std::tuple<>{}; }
};

struct All {
  bool flag = false;
  std::uint64_t number = 0;
  std::int64_t whole = 0;
  double real = 0;
  Colour colour = Colour::red;
  std::string text;
  api::Bytes bytes;
  Nanos time{};
  Inner inner{.weight = 0};
  std::optional<Inner> maybe;
  std::vector<std::string> list;
  std::vector<Inner> inners;
  std::map<std::string, std::string> texts;
  std::map<std::string, std::vector<std::string>> lists;
  std::map<std::string, Inner> structs;
  std::variant<Left, Right> either;

  friend bool operator==(const All&, const All&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "Flag", &All::flag),        field(2, "Number", &All::number),
                      field(3, "Whole", &All::whole),      field(4, "Real", &All::real),
                      field(5, "Colour", &All::colour),    field(6, "Text", &All::text),
                      field(7, "Bytes", &All::bytes),      field(8, "Time", &All::time),
                      field(9, "Inner", &All::inner),      field(10, "Maybe", &All::maybe),
                      field(11, "List", &All::list),       field(12, "Inners", &All::inners),
                      field(13, "Texts", &All::texts),     field(14, "Lists", &All::lists),
                      field(15, "Structs", &All::structs), field(16, "Either", &All::either),
                      api::Constant{"Shown", "{}"},        field(0, "NotStored", &All::text)};
  }
};

/// Everything set to something else than its default.
All full() {
  return {.flag = true,
          .number = std::numeric_limits<std::uint64_t>::max(),
          .whole = std::numeric_limits<std::int64_t>::min(),
          .real = -0.0,
          .colour = Colour::green,
          .text = "text",
          .bytes = {std::string("\0\xff", 2)},
          .time = Nanos(-5),
          .inner = {.weight = -1},
          .maybe = Inner{.weight = 0},
          .list = {"", "b"},
          .inners = {{.weight = 0}, {.weight = 300}},
          .texts = {{"", ""}, {"k", "v"}},
          .lists = {{"a", {}}, {"b", {"", "x"}}},
          .structs = {{"s", {.weight = 0}}},
          .either = Right{}};
}

std::string hex(const All& value) { return encode_hex(api::encode_record(value)); }

TEST(record, empty_members_are_left_out_and_a_variant_never_is) {
  EXPECT_EQ(hex(All{}), "8201020a00");
}

struct Written {
  All value;
  const char* bytes;  ///< Before the variant's.
};

TEST(record, each_kind_of_member_has_its_bytes) {
  const Written cases[] = {
      {{.flag = true}, "0801"},
      {{.number = 300}, "10ac02"},
      {{.whole = -1}, "1801"},
      {{.whole = 1}, "1802"},
      {{.real = 1.0}, "21000000000000f03f"},
      {{.colour = Colour::green}, "2801"},
      {{.text = "ab"}, "32026162"},
      {{.bytes = {"ab"}}, "3a026162"},
      {{.time = Nanos(2)}, "4004"},
      {{.inner = {.weight = 1}}, "4a020802"},
      {{.maybe = Inner{.weight = 0}}, "5200"},
      {{.list = {"", "a"}}, "5a005a0161"},
      {{.inners = {{.weight = 0}}}, "6200"},
      {{.texts = {{"b", "c"}, {"a", ""}}}, "6a030a01616a060a0162120163"},
      {{.lists = {{"a", {"x", ""}}}}, "72080a01611201781200"},
      {{.structs = {{"a", {.weight = 1}}}},
       "7a070a0161120208"
       "02"},
  };
  for (const Written& c : cases) EXPECT_EQ(hex(c.value), std::string(c.bytes) + "8201020a00");
}

TEST(record, what_was_written_is_read) {
  for (const All& value : {All{}, full()}) {
    const auto read = api::decode_record<All>(api::encode_record(value));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, value);
    EXPECT_EQ(std::signbit(read->real), std::signbit(value.real));
  }
}

TEST(record, absent_member_is_zero_whatever_its_default) {
  const auto read = api::decode_record<api::Weights>("");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->passing, 0);
}

TEST(record, is_appended) {
  std::string out = "before";
  api::append_record(out, Inner{.weight = 1});
  EXPECT_EQ(out, std::string("before\x08\x02"));
  api::append_record(out, Inner{.weight = 0});
  EXPECT_EQ(out.size(), 8u);
}

TEST(record, long_texts_have_long_lengths) {
  for (const std::size_t size : {127u, 128u, 16383u, 16384u, 3000000u}) {
    const All value{.text = std::string(size, 'x'), .either = Left{std::string(size, 'y')}};
    const auto read = api::decode_record<All>(api::encode_record(value));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, value);
  }
}

TEST(record, string_views_borrow_what_they_read) {
  struct View {
    std::string_view text;
    static constexpr auto fields() { return std::tuple{field(6, "Text", &View::text)}; }
  };
  const std::string bytes = api::encode_record(View{"abc"});
  const auto read = api::decode_record<View>(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->text, "abc");
  EXPECT_EQ(read->text.data(), bytes.data() + 2);
}

TEST(record, anything_else_is_corrupt) {
  const struct {
    const char* what;
    const char* bytes;  ///< Before the variant's.
  } cases[] = {
      {"unknown number", "8a0100"},
      {"number zero", "0000"},
      {"wrong wire type", "0a0101"},
      {"another wrong wire type", "0d00000000"},
      {"numbers out of order", "10010801"},
      {"single field twice", "08010801"},
      {"false that was written", "0800"},
      {"zero that was written", "1000"},
      {"empty text that was written", "3200"},
      {"empty struct that was written", "4a00"},
      {"varint with a needless byte", "108100"},
      {"varint beyond 64 bits", "10ffffffffffffffffff02"},
      {"bool that is neither", "0802"},
      {"enum that nobody knows", "2802"},
      {"length beyond the end", "320561"},
      {"tag without value", "10"},
      {"map out of order", "6a030a01626a030a0161"},
      {"map with a key twice", "6a030a01616a030a0161"},
      {"map entry with a third field", "6a021801"},
      {"map entry out of order",
       "6a06120162"
       "0a0161"},
      {"struct with something unknown in it", "4a021001"},
      {"optional twice", "52005200"},
  };
  for (const auto& c : cases) {
    const auto bytes = decode_hex(std::string(c.bytes) + "8201020a00");
    const auto read = api::decode_record<All>(*bytes);
    ASSERT_FALSE(read) << c.what;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
}

TEST(record, broken_variants_are_corrupt) {
  for (const char* bytes : {"", "820100", "8201020a01", "8201021200", "8201040a000a00",
                            "8201020800", "8201043a020a00"}) {
    EXPECT_FALSE(api::decode_record<All>(*decode_hex(bytes))) << bytes;
  }
  EXPECT_TRUE(api::decode_record<All>(*decode_hex("8201023a00")));
}

TEST(record, every_cut_of_a_record_is_corrupt_or_the_encoding_of_something) {
  const std::string bytes = api::encode_record(full());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(api::decode_record<All>(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(record, every_changed_byte_is_corrupt_or_the_encoding_of_something_else) {
  const std::string bytes = api::encode_record(full());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int change = 1; change < 256; ++change) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ change);
      const auto read = api::decode_record<All>(changed);
      if (read) EXPECT_EQ(api::encode_record(*read), changed) << at << " " << change;
    }
  }
}

TEST(record, random_bytes_are_corrupt_or_an_encoding) {
  Rng rng(7);
  for (int i = 0; i < 20000; ++i) {
    std::string bytes;
    for (std::uint64_t left = rng.below(24); left > 0; --left) {
      bytes += static_cast<char>(rng.below(3) == 0 ? rng.below(256) : rng.below(32));
    }
    const auto read = api::decode_record<daemon::EntryPayload>(bytes);
    if (read) EXPECT_EQ(api::encode_record(*read), bytes);
  }
}

TEST(record, commands_come_back_from_the_log) {
  using namespace daemon;
  EntryPayload payload{.cluster_time_ms = 5, .wall_time = Nanos(9)};
  Register registration{.node = {.node = "n", .meta = {{"a", "b"}}}};
  registration.service =
      api::NodeService{.service = "web", .weights = {.passing = 0, .warning = 2}};
  registration.checks = {{.check_id = "c", .definition = {.header = {{"h", {"x", ""}}}}}};
  payload.commands = {
      {.body = KvOp{.verb = KvVerb::remove_cas, .key = "k", .index = 3}, .request_id = "r"},
      {.body = Txn{{KvOp{.key = "a"}, KvOp{}}}},
      {.body = SessionCreate{.session = {.id = "s", .lock_delay = std::chrono::seconds(15)}}},
      {.body = SessionEnd{.id = "s", .expired = true}},
      {.body = registration},
      {.body = Deregister{.node = "n", .check_id = "c"}},
      {.body = MemberUpdate{.member = {.name = "m", .status = 4}, .remove = true}},
      {.body = ReapTombstones{7}},
      {.body = ContinueJob{8}},
      {.body = ReapLockDelays{}},
      {.body = SetFeatureLevel{2}},
      {.body = SetAutopilot{.config = {.min_quorum = 3}, .cas = true, .index = 7}},
      {.body = WriteQuery{.op = QueryOp::update,
                          .query = {.id = "q",
                                    .name = "geo-",
                                    .query_template = {.type = "name_prefix_match"},
                                    .service = {.service = "web",
                                                .failover = {.nearest_n = 2,
                                                             .targets = {{.datacenter = "dc2"}}},
                                                .tags = {"a", "!b"}}}}},
      {.body = SetCaRoot{{.id = "15:bf", .serial_number = 7}}},
      {.body = UpdateCoordinates{{{.node = "n", .coord = api::unmeasured_coordinate()}}}},
      {.body = FireEvent{{.id = "e", .name = "deploy", .payload = {"x"}, .service_filter = "web"}}},
  };
  const auto read = api::decode_record<EntryPayload>(api::encode_record(payload));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->feature_level, 1u);
  EXPECT_EQ(read->cluster_time_ms, 5u);
  EXPECT_EQ(read->wall_time, Nanos(9));
  EXPECT_EQ(read->commands, payload.commands);
}

}  // namespace
}  // namespace conclave
