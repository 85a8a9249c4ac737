/// The rules that hold before and after every handler: contract 1.1, 1.2, 1.5.

#include <gtest/gtest.h>
#include <zlib.h>

#include <thread>

#include "api/rest/access.h"
#include "api/rest/gzip.h"
#include "api/rest/path_rules.h"
#include "api/rest/respond.h"
#include "api/rest/router.h"

namespace conclave::api {
namespace {

Task<Response> say(Request, std::string rest) {
  co_return json_response("{\"rest\":\"" + rest + "\"}");
}

Task<void> keep(Router* router, Request request, std::optional<Response>* out) {
  *out = co_await router->handle(std::move(request));
}

std::string body_of(const Response& response) {
  if (const auto* own = std::get_if<std::string>(&response.body)) return *own;
  return *std::get<SharedBody>(response.body);
}

std::string header_of(const Response& response, std::string_view name) {
  for (const Header& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

class Routes : public testing::Test {
 protected:
  explicit Routes(RouterOptions options = {}) : router(std::move(options)) {
    router.add({.prefix = "/v1/kv/",
                .methods = {Method::get, Method::put, Method::del},
                .handler = say,
                .body_limit_setting = "kv_max_value_size"});
    router.add({.prefix = "/v1/status/leader", .methods = {Method::get}, .handler = say});
    router.add({.prefix = "/v1/query/", .methods = {Method::get}, .handler = say});
    router.add({.prefix = "/v1/query/",
                .methods = {Method::get},
                .handler = [](Request, std::string rest) -> Task<Response> {
                  co_return json_response("\"execute " + rest + "\"");
                },
                .suffix = "/execute"});
    router.add({.prefix = "/v1/health/service/", .methods = {Method::get}, .handler = say});
    router.add({.prefix = "/v1/agent/check/pass/",
                .methods = {Method::put},
                .handler = say,
                .accepts_legacy_get = true});
  }

  Response ask(Method method, const std::string& path, std::vector<Header> headers = {},
               std::string query = {}) {
    Request request;
    request.method = method;
    request.method_text = method == Method::get    ? "GET"
                          : method == Method::put  ? "PUT"
                          : method == Method::post ? "POST"
                          : method == Method::head ? "HEAD"
                                                   : "OPTIONS";
    request.path = path;
    request.target = path + (query.empty() ? "" : "?" + query);
    request.headers = std::move(headers);
    request.client_address = "10.1.2.3";
    request.query_valid = query != "%";
    if (query == "pretty") request.query.push_back({"pretty", ""});
    std::optional<Response> response;
    loop.spawn("ask", keep(&router, std::move(request), &response));
    loop.run_ready();
    EXPECT_TRUE(response.has_value());
    return std::move(*response);
  }

  Loop loop{"rest-test"};
  Router router;
};

TEST_F(Routes, are_found_by_the_longest_pattern_and_pass_on_the_rest) {
  EXPECT_EQ(body_of(ask(Method::get, "/v1/kv/a/b")), "{\"rest\":\"a/b\"}");
  EXPECT_EQ(body_of(ask(Method::get, "/v1/kv/")), "{\"rest\":\"\"}");
  EXPECT_EQ(body_of(ask(Method::get, "/v1/status/leader")), "{\"rest\":\"\"}");
  EXPECT_EQ(body_of(ask(Method::get, "/v1/query/web/execute")), "\"execute web\"");
  EXPECT_EQ(body_of(ask(Method::get, "/v1/query/web")), "{\"rest\":\"web\"}");
}

TEST_F(Routes, that_do_not_exist_are_404_in_the_two_texts) {
  const Response unknown = ask(Method::get, "/v1/nothing");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(body_of(unknown), "Invalid URL path: not a recognized HTTP API endpoint\n");
  EXPECT_EQ(unknown.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(ask(Method::get, "/v1/status/leader/x").status, 404);
  EXPECT_EQ(body_of(ask(Method::get, "/kv/a")),
            "Invalid URL path: if attempting to use the HTTP API, ensure the path starts with "
            "'/v1/'\n");
}

TEST_F(Routes, with_another_method_are_405_and_say_which_are_allowed) {
  for (const Method method : {Method::post, Method::head}) {
    const Response response = ask(method, "/v1/kv/a");
    EXPECT_EQ(response.status, 405);
    EXPECT_EQ(header_of(response, "Allow"), "OPTIONS,GET,PUT,DELETE");
  }
  EXPECT_EQ(body_of(ask(Method::post, "/v1/kv/a")), "method POST not allowed");
}

TEST_F(Routes, answer_options_with_their_methods_and_no_body) {
  const Response response = ask(Method::options, "/v1/status/leader");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(header_of(response, "Allow"), "OPTIONS,GET");
  EXPECT_EQ(body_of(response), "");
}

// Contract 1.1: python-consul sends GET to what changes state; such a GET is judged as a write.
TEST_F(Routes, take_a_legacy_get_for_a_put) {
  EXPECT_EQ(ask(Method::get, "/v1/agent/check/pass/x").status, 200);
  EXPECT_EQ(ask(Method::get, "/v1/agent/check/pass/x", {{"sec-fetch-site", "cross-site"}}).status,
            403);
  EXPECT_EQ(header_of(ask(Method::post, "/v1/agent/check/pass/x"), "Allow"), "OPTIONS,PUT");
}

TEST_F(Routes, say_at_the_root_that_the_user_interface_is_off) {
  const Response response = ask(Method::get, "/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(body_of(response),
            "Consul Agent: UI disabled. To enable, set ui_config.enabled=true in the agent "
            "configuration and restart.");
}

TEST_F(Routes, move_untidy_paths_except_keys) {
  const Response moved = ask(Method::get, "/v1//status/./x/../leader", {}, "stale");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(header_of(moved, "Location"), "/v1/status/leader?stale");
  EXPECT_EQ(body_of(ask(Method::get, "/v1/kv/a//b/../c")), "{\"rest\":\"a//b/../c\"}");
  EXPECT_EQ(header_of(ask(Method::get, "/v1/kv"), "Location"), "/v1/kv/");
}

TEST_F(Routes, refuse_unprintable_paths_and_unparsable_queries) {
  EXPECT_EQ(ask(Method::get, "/v1/kv/a\nb").status, 400);
  EXPECT_EQ(ask(Method::get, "/v1/kv/\xe2\x80\xa8").status, 400);
  EXPECT_EQ(ask(Method::get, "/v1/kv/sch\xc3\xb6n").status, 200);
  const Response unparsable = ask(Method::get, "/v1/kv/a", {}, "%");
  EXPECT_EQ(unparsable.status, 500);
  EXPECT_EQ(body_of(unparsable), "");
}

TEST_F(Routes, put_the_common_headers_on_every_response) {
  for (const char* path : {"/v1/kv/a", "/v1/nothing", "/"}) {
    EXPECT_EQ(*ask(Method::get, path).shared_headers,
              "Vary: Accept-Encoding\r\nX-Consul-Default-ACL-Policy: allow\r\n"
              "X-Content-Type-Options: nosniff\r\n");
  }
}

TEST_F(Routes, indent_json_for_those_who_ask) {
  EXPECT_EQ(body_of(ask(Method::get, "/v1/kv/a", {}, "pretty")), "{\n    \"rest\": \"a\"\n}\n");
  EXPECT_EQ(body_of(ask(Method::get, "/v1/nothing", {}, "pretty")),
            "Invalid URL path: not a recognized HTTP API endpoint\n");
}

std::string gunzip(const std::string& bytes) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(Routes, compress_large_bodies_for_those_who_accept_it) {
  const std::string key(2000, 'k');
  const Response compressed =
      ask(Method::get, "/v1/kv/" + key, {{"accept-encoding", "deflate, gzip;q=0.5"}});
  EXPECT_EQ(header_of(compressed, "Content-Encoding"), "gzip");
  EXPECT_EQ(gunzip(body_of(compressed)), "{\"rest\":\"" + key + "\"}");
  EXPECT_EQ(header_of(ask(Method::get, "/v1/kv/" + key), "Content-Encoding"), "");
  EXPECT_EQ(header_of(ask(Method::get, "/v1/kv/small", {{"accept-encoding", "gzip"}}),
                      "Content-Encoding"),
            "");
  EXPECT_FALSE(accepts_gzip("gzip;q=0, identity"));
  EXPECT_FALSE(accepts_gzip("x-gzip"));
}

TEST_F(Routes, refuse_writes_that_another_web_site_sends) {
  const auto status = [&](std::vector<Header> headers) {
    return ask(Method::put, "/v1/kv/a", std::move(headers)).status;
  };
  EXPECT_EQ(status({{"sec-fetch-site", "cross-site"}}), 403);
  EXPECT_EQ(status({{"origin", "http://evil.example"}, {"host", "localhost:8500"}}), 403);
  EXPECT_EQ(status({{"origin", "null"}, {"host", "localhost:8500"}}), 403);
  EXPECT_EQ(status({{"origin", "http://localhost:8500"}, {"host", "localhost:8500"}}), 200);
  EXPECT_EQ(status({{"sec-fetch-site", "same-origin"},
                    {"origin", "https://proxy.example"},
                    {"host", "localhost:8500"}}),
            200);
  EXPECT_EQ(ask(Method::get, "/v1/kv/a", {{"sec-fetch-site", "cross-site"}}).status, 200);
}

TEST_F(Routes, name_the_setting_that_limits_a_body) {
  Request head;
  head.method = Method::put;
  head.path = "/v1/kv/a";
  EXPECT_EQ(router.body_limit(head), 524288u);
  const Response response = router.body_too_large(head, 524289);
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(body_of(response),
            "Request body(524289 bytes) too large, max size: 524288 bytes. See "
            "https://developer.hashicorp.com/docs/agent/config/config-files#kv_max_value_size.");
}

TEST_F(Routes, run_on_the_loop_they_name) {
  Loop other("other");
  std::thread thread([&] { other.run(); });
  std::thread::id ran_on;
  router.add({.prefix = "/v1/agent/self",
              .methods = {Method::get},
              .handler = [&](Request, std::string) -> Task<Response> {
                ran_on = std::this_thread::get_id();
                co_return json_response("{}");
              },
              .loop = &other});
  Request request;
  request.path = request.target = "/v1/agent/self";
  std::optional<Response> response;
  loop.spawn("ask", keep(&router, std::move(request), &response));
  while (!response) loop.run_ready();
  EXPECT_EQ(body_of(*response), "{}");
  EXPECT_EQ(ran_on, thread.get_id());
  other.stop();
  thread.join();
}

class RestrictedRoutes : public Routes {
 protected:
  RestrictedRoutes()
      : Routes({.pretty_always = true,
                .response_headers = {{"Access-Control-Allow-Origin", "*"}, {"X-Mine", "yes"}},
                .block_endpoints = {"/v1/health"},
                .allow_write_http_from = {"127.0.0.0/8", "10.1.2.0/23"},
                .ui_enabled = true}) {}
};

TEST_F(RestrictedRoutes, follow_their_configuration) {
  const Response blocked = ask(Method::get, "/v1/health/service/web");
  EXPECT_EQ(blocked.status, 403);
  EXPECT_EQ(body_of(blocked), "Endpoint is blocked by agent configuration");
  EXPECT_EQ(header_of(ask(Method::get, "/"), "Location"), "/ui/");
  const Response allowed = ask(Method::put, "/v1/kv/a", {{"sec-fetch-site", "cross-site"}});
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(body_of(allowed), "{\n    \"rest\": \"a\"\n}\n");
  EXPECT_NE(allowed.shared_headers->find("X-Mine: yes\r\n"), std::string::npos);
}

TEST_F(RestrictedRoutes, take_another_configuration_while_they_serve) {
  router.reconfigure({.response_headers = {{"X-Other", "yes"}},
                      .block_endpoints = {"/v1/status"},
                      .allow_write_http_from = {"127.0.0.0/8"}});
  EXPECT_EQ(ask(Method::get, "/v1/status/leader").status, 403);
  EXPECT_EQ(ask(Method::put, "/v1/kv/a").status, 403);
  const Response response = ask(Method::get, "/v1/health/service/web");
  EXPECT_EQ(body_of(response), "{\"rest\":\"web\"}");
  EXPECT_EQ(response.shared_headers->find("X-Mine"), std::string::npos);
  EXPECT_NE(response.shared_headers->find("X-Other: yes\r\n"), std::string::npos);
}

class WriteRestrictedRoutes : public Routes {
 protected:
  WriteRestrictedRoutes() : Routes({.allow_write_http_from = {"127.0.0.0/8"}}) {}
};

TEST_F(WriteRestrictedRoutes, let_only_the_named_ranges_write) {
  const Response refused = ask(Method::put, "/v1/kv/a");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(body_of(refused), "Access is restricted");
  EXPECT_EQ(ask(Method::get, "/v1/kv/a").status, 200);
}

TEST(AddressRanges, contain_what_they_say) {
  struct Case {
    const char* range;
    const char* address;
    bool inside;
  };
  const Case cases[] = {{"10.0.0.0/8", "10.255.1.1", true},    {"10.0.0.0/8", "11.0.0.1", false},
                        {"10.1.2.0/23", "10.1.3.9", true},     {"10.1.2.0/23", "10.1.4.9", false},
                        {"0.0.0.0/0", "1.2.3.4", true},        {"127.0.0.1/32", "127.0.0.1", true},
                        {"127.0.0.1/32", "127.0.0.2", false},  {"fd00::/8", "fd12::1", true},
                        {"fd00::/8", "fe80::1", false},        {"0.0.0.0/0", "::1", false},
                        {"0.0.0.0/0", "not an address", false}};
  for (const Case& test : cases) {
    EXPECT_EQ(parse_address_range(test.range)->contains(test.address), test.inside)
        << test.range << " " << test.address;
  }
  for (const char* wrong : {"10.0.0.0", "10.0.0.0/33", "fd00::/129", "x/8", "10.0.0.0/", ""}) {
    EXPECT_FALSE(parse_address_range(wrong).has_value()) << wrong;
  }
}

TEST(PathRules, know_what_is_printable) {
  EXPECT_TRUE(is_printable("/v1/kv/a b~"));
  EXPECT_TRUE(is_printable("\xf0\x9f\x94\x92"));
  EXPECT_TRUE(is_printable("\xff\xfe"));  // No UTF-8 at all: Go reads U+FFFD, which is printable.
  for (const char* bad : {"\x01", "\x7f", "\xc2\x85", "\xc2\xa0", "\xe2\x80\x8b", "\xef\xbb\xbf"}) {
    EXPECT_FALSE(is_printable(bad));
  }
}

TEST(PathRules, clean_like_go) {
  EXPECT_EQ(cleaned_path("/a//b"), "/a/b");
  EXPECT_EQ(cleaned_path("/a/./b/"), "/a/b/");
  EXPECT_EQ(cleaned_path("/../a"), "/a");
  EXPECT_EQ(cleaned_path("//"), "/");
  EXPECT_EQ(cleaned_path("/a/.hidden"), std::nullopt);
  EXPECT_EQ(cleaned_path("/v1/kv/a//b"), std::nullopt);
}

TEST(ErrorResponses, have_the_status_of_their_cause) {
  EXPECT_EQ(error_response({ErrorCode::no_leader, "No cluster leader"}).status, 500);
  EXPECT_EQ(error_response({ErrorCode::bad_request, "Invalid index"}).status, 400);
  EXPECT_EQ(error_response({ErrorCode::failed, "rpc: Permission denied: x"}).status, 403);
  EXPECT_EQ(error_response({ErrorCode::failed, "ACL not found"}).status, 403);
  const Response response = error_response({ErrorCode::failed, "No path to datacenter"});
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(body_of(response), "No path to datacenter");
}

}  // namespace
}  // namespace conclave::api
