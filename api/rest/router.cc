#include "api/rest/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <tuple>
#include <utility>

#include "api/codec/indent.h"
#include "api/rest/gzip.h"
#include "api/rest/path_rules.h"
#include "api/rest/respond.h"
#include "api/rest/stream_form.h"
#include "base/core/assert.h"
#include "base/core/text.h"
#include "base/run/run_on.h"

namespace conclave::api {

namespace {

constexpr std::uint64_t default_body_bytes_max = 512 * 1024;
constexpr std::string_view limits_page =
    "https://developer.hashicorp.com/docs/agent/config/config-files#";

std::string_view method_name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::del:
      return "DELETE";
    case Method::head:
      return "HEAD";
    case Method::options:
      return "OPTIONS";
    case Method::other:
      break;
  }
  return "";
}

/// "kv" of "/v1/kv/a"; "" for paths that are not the API's.
std::string family_of(std::string_view path) {
  if (!path.starts_with("/v1/")) return {};
  path.remove_prefix(4);
  return std::string(path.substr(0, path.find('/')));
}

bool fits(const Route& route, std::string_view path) {
  if (!route.prefix.ends_with('/')) return path == route.prefix;
  return path.starts_with(route.prefix) && path.ends_with(route.suffix) &&
         path.size() >= route.prefix.size() + route.suffix.size();
}

bool same_pattern(const Route& a, const Route& b) {
  return a.prefix == b.prefix && a.suffix == b.suffix;
}

bool allows(const Route& route, Method method) {
  return std::find(route.methods.begin(), route.methods.end(), method) != route.methods.end();
}

std::string_view body_bytes(const Response& response) {
  if (const auto* own = std::get_if<std::string>(&response.body)) return *own;
  if (const auto* shared = std::get_if<SharedBody>(&response.body)) {
    return *shared ? std::string_view(**shared) : std::string_view();
  }
  return {};
}

bool has_header(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [&](const Header& header) { return equal_ignoring_case(header.name, name); });
}

/// Only a body that has an end, and is not compressed in itself, comes in several forms: JSON.
void form_stream(Response& response, std::unique_ptr<BodyStream>& stream, Router::Form form) {
  if (response.content_type != "application/json" || !stream->length()) return;
  if (form.pretty) stream = indent_stream(std::move(stream));
  if (!form.gzip) return;
  stream = gzip_stream(std::move(stream));
  response.set_header("Content-Encoding", "gzip");
}

/// Gives a parked query's response its form when it comes.
class FinishedParked final : public Parked {
 public:
  FinishedParked(const Router& router, std::unique_ptr<Parked> inner, Router::Form form)
      : router_(router), inner_(std::move(inner)), form_(form) {}

  void start(std::function<void(Response)> complete) override {
    complete_ = std::move(complete);
    inner_->start([this](Response response) {
      router_.finish(response, form_);
      complete_(std::move(response));
    });
  }

 private:
  const Router& router_;
  std::unique_ptr<Parked> inner_;
  std::function<void(Response)> complete_;
  Router::Form form_;
};

}  // namespace

Router::Router(RouterOptions options) { reconfigure(std::move(options)); }

void Router::reconfigure(RouterOptions options) {
  options_ = std::move(options);
  std::string lines =
      "Vary: Accept-Encoding\r\nX-Consul-Default-ACL-Policy: " + options_.default_acl_policy +
      "\r\n";
  if (options_.translate_addresses) lines += "X-Consul-Translate-Addresses: true\r\n";
  cross_origin_allowed_ = false;
  for (const Header& header : options_.response_headers) {
    lines += header.name + ": " + header.value + "\r\n";
    if (equal_ignoring_case(header.name, "Access-Control-Allow-Origin")) {
      cross_origin_allowed_ = true;
    }
  }
  headers_ = std::make_shared<const std::string>(lines);
  headers_nosniff_ =
      std::make_shared<const std::string>(lines + "X-Content-Type-Options: nosniff\r\n");
  writers_.clear();
  for (const std::string& text : options_.allow_write_http_from) {
    const auto range = parse_address_range(text);
    CONCLAVE_ASSERT_WHY(range.has_value(), "the configuration checked allow_write_http_from");
    writers_.push_back(*range);
  }
}

void Router::add(Route route) {
  CONCLAVE_ASSERT(route.handler != nullptr);
  CONCLAVE_ASSERT(route.suffix.empty() || route.prefix.ends_with('/'));
  std::vector<std::size_t>& family = families_[family_of(route.prefix)];
  family.push_back(routes_.size());
  routes_.push_back(std::move(route));
  std::sort(family.begin(), family.end(), [&](std::size_t a, std::size_t b) {
    // Longest first, and those of one length in the order added.
    const auto rank = [&](std::size_t i) {
      return std::tuple(~routes_[i].prefix.size(), ~routes_[i].suffix.size(), i);
    };
    return rank(a) < rank(b);
  });
}

Router::Match Router::find(std::string_view path, Method method) const {
  const auto family = families_.find(family_of(path));
  if (family == families_.end()) return {};
  const Route* first = nullptr;
  for (const std::size_t index : family->second) {
    const Route& route = routes_[index];
    if (!fits(route, path)) continue;
    if (first == nullptr) first = &route;
    if (!same_pattern(*first, route)) break;
    if (allows(route, method)) {
      first = &route;
      break;
    }
  }
  if (first == nullptr) return {};
  std::string_view rest = path.substr(first->prefix.size());
  rest.remove_suffix(first->suffix.size());
  return {first, rest};
}

Task<Response> Router::handle(Request request) {
  Form form;
  form.pretty = options_.pretty_always || request.has_parameter("pretty");
  form.gzip = accepts_gzip(request.header("accept-encoding"));
  const Match match = find(request.path, request.method);
  if (match.route != nullptr && match.route->accepts_legacy_get && request.method == Method::get) {
    request.method = Method::put;
    request.method_text = "PUT";
  }
  if (auto early = answer_early(request, match)) return answer(std::move(*early), form);
  std::string rest(match.rest);
  return run(match.route->handler(std::move(request), std::move(rest)), match.route->loop, form);
}

Task<Response> Router::answer(Response response, Form form) {
  finish(response, form);
  co_return response;
}

Task<Response> Router::run(Task<Response> work, Loop* loop, Form form) {
  Response response;
  const Executor here = co_await boost::asio::this_coro::executor;
  if (loop == nullptr || loop->executor() == here) {
    response = co_await std::move(work);
  } else {
    response = co_await run_on(*loop, std::move(work));
    CONCLAVE_ASSERT_WHY(!response.parked, "a query parks on the loop of its connection");
  }
  if (response.parked) {
    response.parked = std::make_unique<FinishedParked>(*this, std::move(response.parked), form);
  } else {
    finish(response, form);
  }
  co_return response;
}

void Router::finish(Response& response, Form form) const {
  const bool sniff_set = has_header(response, "X-Content-Type-Options");
  response.shared_headers = sniff_set ? headers_ : headers_nosniff_;
  if (auto* stream = std::get_if<std::unique_ptr<BodyStream>>(&response.body)) {
    form_stream(response, *stream, form);
    return;
  }
  if (form.pretty && response.content_type == "application/json" && !body_bytes(response).empty()) {
    response.body = indent_json(body_bytes(response));
  }
  const std::string_view body = body_bytes(response);
  if (form.gzip && body.size() >= gzip_bytes_min && body.size() <= gzip_bytes_max &&
      !has_header(response, "Content-Encoding")) {
    if (auto compressed = gzip(body)) {
      response.body = std::move(*compressed);
      response.set_header("Content-Encoding", "gzip");
    }
  }
}

std::optional<Response> Router::answer_early(const Request& request, const Match& match) const {
  if (options_.filter_unprintable && !is_printable(request.path)) return text_response(400, "");
  if (auto clean = cleaned_path(request.path)) {
    Response moved = text_response(301, "");
    const std::size_t query = request.target.find('?');
    moved.set_header(
        "Location",
        *clean + (query == std::string::npos ? std::string() : request.target.substr(query)));
    return moved;
  }
  if (match.route == nullptr) return answer_unrouted(request);
  if (!request.query_valid) {
    Response unparsable;
    unparsable.status = 500;
    return unparsable;
  }
  if (is_blocked(request.path)) {
    return text_response(403, "Endpoint is blocked by agent configuration");
  }
  if (request.method == Method::options || !allows(*match.route, request.method)) {
    const bool asked = request.method == Method::options;
    Response response = asked
                            ? empty_response()
                            : text_response(405, "method " + request.method_text + " not allowed");
    response.set_header("Allow", allowed_methods(*match.route));
    return response;
  }
  if (is_write(request.method) && !may_write(request)) {
    return text_response(403, "Access is restricted");
  }
  if (!cross_origin_allowed_ && is_cross_site_write(request)) {
    return text_response(403,
                         "Cross-site writes are refused; allow them with the response header "
                         "Access-Control-Allow-Origin in http_config.response_headers");
  }
  return std::nullopt;
}

Response Router::answer_unrouted(const Request& request) const {
  const std::string_view path = request.path;
  if (path == "/") {
    if (!options_.ui_enabled) {
      return text_response(200,
                           "Consul Agent: UI disabled. To enable, set ui_config.enabled=true in "
                           "the agent configuration and restart.");
    }
    Response moved = text_response(301, "");
    moved.set_header("Location", "/ui/");
    return moved;
  }
  // "/v1/kv" is moved to "/v1/kv/", as Go's mux does for subtrees.
  const Match subtree = find(std::string(path) + "/", request.method);
  if (subtree.route != nullptr && subtree.rest.empty() && subtree.route->suffix.empty()) {
    Response moved = text_response(301, "");
    const std::size_t query = request.target.find('?');
    moved.set_header("Location", std::string(path) + "/" +
                                     (query == std::string::npos ? std::string()
                                                                 : request.target.substr(query)));
    return moved;
  }
  if (path.find("/v1/") != std::string_view::npos) {
    return text_response(404, "Invalid URL path: not a recognized HTTP API endpoint\n");
  }
  return text_response(404,
                       "Invalid URL path: if attempting to use the HTTP API, ensure the path "
                       "starts with '/v1/'\n");
}

std::string Router::allowed_methods(const Route& route) const {
  std::string allowed = "OPTIONS";
  for (const Route& other : routes_) {
    if (!same_pattern(other, route)) continue;
    for (const Method method : other.methods) allowed.append(",").append(method_name(method));
  }
  return allowed;
}

bool Router::is_blocked(std::string_view path) const {
  return std::any_of(options_.block_endpoints.begin(), options_.block_endpoints.end(),
                     [&](const std::string& prefix) { return path.starts_with(prefix); });
}

bool Router::may_write(const Request& request) const {
  // No address: a UNIX socket, whose file permissions have decided already.
  return writers_.empty() || request.client_address.empty() ||
         std::any_of(writers_.begin(), writers_.end(), [&](const AddressRange& range) {
           return range.contains(request.client_address);
         });
}

std::uint64_t Router::body_limit(const Request& head) const {
  const Match match = find(head.path, head.method);
  return match.route != nullptr ? match.route->body_bytes_max : default_body_bytes_max;
}

/// None for what is answered without a handler: it is not worth a file.
std::shared_ptr<BodySink> Router::body_sink(const Request& head) const {
  const Match match = find(head.path, head.method);
  if (match.route == nullptr || !match.route->make_sink || answer_early(head, match)) {
    return nullptr;
  }
  return match.route->make_sink(head);
}

Response Router::body_too_large(const Request& head, std::uint64_t declared_bytes) const {
  const Match match = find(head.path, head.method);
  std::string text = fmt::format("Request body({} bytes) too large, max size: {} bytes.",
                                 declared_bytes, body_limit(head));
  if (match.route != nullptr && !match.route->body_limit_setting.empty()) {
    text += " See " + std::string(limits_page) + match.route->body_limit_setting + ".";
  }
  Response response = text_response(413, std::move(text));
  finish(response, {});
  return response;
}

}  // namespace conclave::api
