/// Targets as clients really send them.

#include "api/http/target.h"

#include <gtest/gtest.h>

namespace conclave::api {
namespace {

struct Case {
  const char* target;
  bool valid;
  const char* path;
  const char* query;  ///< "name=value&..." decoded.
  bool query_valid;
};

TEST(Targets, are_decoded_once_into_path_and_parameters) {
  const Case cases[] = {
      {"/v1/kv/a%2Fb", true, "/v1/kv/a/b", "", true},
      {"/v1/kv/a%252Fb", true, "/v1/kv/a%2Fb", "", true},
      {"/v1/kv/a+b?x=a+b", true, "/v1/kv/a+b", "x=a b", true},
      {"/p?recurse", true, "/p", "recurse=", true},
      {"/p?a=1&a=2&&b==", true, "/p", "a=1&a=2&b==", true},
      {"/p?a=%zz&b=1", true, "/p", "b=1", false},
      {"/p?a=1;b=2", true, "/p", "", false},
      {"http://host:8500/p?x=1", true, "/p", "x=1", true},
      {"http://host", true, "/", "", true},
      {"/p#fragment", true, "/p", "", true},
      {"*", true, "*", "", true},
      {"/p%", false, "", "", true},
      {"/p%4", false, "", "", true},
      {"/p%4g", false, "", "", true},
      {"p", false, "", "", true},
  };
  for (const Case& test : cases) {
    Request request;
    ASSERT_EQ(parse_target(test.target, request), test.valid) << test.target;
    if (!test.valid) continue;
    std::string query;
    for (const QueryParameter& parameter : request.query) {
      query += (query.empty() ? "" : "&") + parameter.name + "=" + parameter.value;
    }
    EXPECT_EQ(request.path, test.path) << test.target;
    EXPECT_EQ(query, test.query) << test.target;
    EXPECT_EQ(request.query_valid, test.query_valid) << test.target;
  }
}

TEST(Targets, survive_encoding_and_decoding) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(percent_decode(percent_encode(all), true), all);
}

}  // namespace
}  // namespace conclave::api
