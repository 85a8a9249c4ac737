// Oracle: contract section 0 (case, aliases, null, unknown fields, durations), section 7.1
// (spelling).
#include "api/codec/reader.h"

#include <gtest/gtest.h>

#include "api/model/catalog.h"
#include "api/model/kv.h"

namespace conclave::api {
namespace {

struct Sample {
  bool flag = false;
  std::int64_t number = 7;
  std::uint64_t big = 0;
  double real = 0;
  std::string text = "default";
  Bytes bytes;
  Nanos wait{};
  std::optional<Weights> weights;
  std::vector<std::string> list;
  StringMap map;
  std::string hidden;

  static constexpr auto fields() {
    return std::tuple{
        field(1, "Flag", &Sample::flag),
        field(2, "Number", &Sample::number),
        field(3, "Big", &Sample::big),
        field(4, "Real", &Sample::real),
        field(5, "TextMember", &Sample::text, Show::always, "text_member"),
        field(6, "Bytes", &Sample::bytes),
        field(7, "Wait", &Sample::wait),
        field(8, "Weights", &Sample::weights),
        field(9, "List", &Sample::list),
        field(10, "Map", &Sample::map),
        field(11, "Hidden", &Sample::hidden, Show::never),
        Constant{"Fixed", "{}"},
    };
  }
};

std::string error_of(std::string_view body, bool strict = false) {
  auto decoded = decode_body<Sample>(body, {.strict = strict});
  return decoded.has_value() ? "no error" : decoded.error().message;
}

TEST(DecodeBody, reads_every_kind_of_member) {
  auto read = decode_body<Sample>(
      R"({"Flag":true,"Number":-3,"Big":16210313421097356768,"Real":1.5,"TextMember":"x",
          "Bytes":"YWI=","Wait":"1m30s","Weights":{"Passing":9},
          "List":["a","b"],"Map":{"k":"v"}})");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_TRUE(read->flag);
  EXPECT_EQ(read->number, -3);
  EXPECT_EQ(read->big, 16210313421097356768u);
  EXPECT_EQ(read->real, 1.5);
  EXPECT_EQ(read->text, "x");
  EXPECT_EQ(read->bytes.data, "ab");
  EXPECT_EQ(read->wait, std::chrono::seconds(90));
  EXPECT_EQ(read->weights, (Weights{9, 1}));
  EXPECT_EQ(read->list, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(read->map, (StringMap{{"k", "v"}}));
}

TEST(DecodeBody, trap_23_keys_match_without_regard_to_case_and_by_alias) {
  EXPECT_EQ(decode_body<Sample>(R"({"textmember":"a"})")->text, "a");
  EXPECT_EQ(decode_body<Sample>(R"({"TEXTMEMBER":"b"})")->text, "b");
  EXPECT_EQ(decode_body<Sample>(R"({"text_member":"c"})")->text, "c");
  EXPECT_EQ(decode_body<Sample>(R"({"TextMember":"camel","text_member":"snake"})")->text, "camel");
}

TEST(DecodeBody, takes_null_as_absent) {
  auto read =
      decode_body<Sample>(R"({"TextMember":null,"Number":null,"Weights":null,"List":null})");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text, "default");
  EXPECT_EQ(read->number, 7);
  EXPECT_FALSE(read->weights.has_value());
  EXPECT_TRUE(decode_body<Sample>("null").has_value());
}

TEST(DecodeBody, lets_the_last_duplicate_win) {
  EXPECT_EQ(decode_body<Sample>(R"({"Number":1,"number":2})")->number, 2);
  EXPECT_EQ(decode_body<Sample>(R"({"List":["a"],"List":["b"]})")->list,
            std::vector<std::string>{"b"});
}

TEST(DecodeBody, ignores_unknown_keys_unless_strict) {
  EXPECT_EQ(error_of(R"({"WriteRequest":{"Token":"x"}})"), "no error");
  EXPECT_EQ(error_of(R"({"Hidden":"x"})"), "no error");
  EXPECT_EQ(decode_body<Sample>(R"({"Hidden":"x"})")->hidden, "");
  EXPECT_EQ(error_of(R"({"Junk":1})", true),
            R"(Request decode failed: json: unknown field "Junk")");
  EXPECT_EQ(error_of(R"({"Weights":{"x":1}})", true),
            R"(Request decode failed: json: unknown field "x")");
  EXPECT_EQ(error_of(R"({"text_member":"a","Fixed":{}})", true), "no error");
}

TEST(DecodeBody, accepts_durations_as_text_or_nanoseconds) {
  EXPECT_EQ(decode_body<Sample>(R"({"Wait":1500})")->wait, Nanos(1500));
  EXPECT_EQ(decode_body<Sample>(R"({"Wait":"-1.5s"})")->wait, std::chrono::milliseconds(-1500));
  EXPECT_EQ(error_of(R"({"Wait":""})"), R"(Request decode failed: time: invalid duration "")");
}

TEST(DecodeBody, names_the_member_of_a_wrong_type) {
  EXPECT_EQ(error_of(R"({"Number":"5"})"),
            "Request decode failed: json: cannot unmarshal string into field Number of type int64");
  EXPECT_EQ(error_of(R"({"Number":1.5})"),
            "Request decode failed: json: cannot unmarshal number 1.5 into field Number of type "
            "int64");
  EXPECT_EQ(error_of(R"({"Weights":{"Passing":true}})"),
            "Request decode failed: json: cannot unmarshal bool into field Weights.Passing of type "
            "int64");
  EXPECT_EQ(error_of(R"({"List":"a"})"),
            "Request decode failed: json: cannot unmarshal string into field List of type array");
  EXPECT_EQ(error_of(R"({"Map":[1]})"),
            "Request decode failed: json: cannot unmarshal array into field Map of type map");
  EXPECT_EQ(error_of(R"({"Flag":0})"),
            "Request decode failed: json: cannot unmarshal number 0 into field Flag of type bool");
  EXPECT_EQ(error_of(R"({"Bytes":"*"})"),
            "Request decode failed: illegal base64 data in field Bytes");
  EXPECT_EQ(error_of("[]"),
            "Request decode failed: json: cannot unmarshal array into value of type object");
  EXPECT_EQ(error_of("{"), "Request decode failed: unexpected EOF");
}

TEST(DecodeBody, reads_lists_and_maps_at_the_top) {
  EXPECT_EQ(decode_body<std::vector<Weights>>(R"([{"passing":3}])")->at(0).passing, 3);
  EXPECT_EQ((decode_body<std::map<std::string, std::vector<std::string>>>(R"({"a":["b"]})")
                 ->at("a")
                 .at(0)),
            "b");
}

}  // namespace
}  // namespace conclave::api
