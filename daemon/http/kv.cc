#include "daemon/http/kv.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "api/http/target.h"
#include "daemon/http/blocking.h"
#include "daemon/http/json_list.h"
#include "daemon/http/write.h"
#include "daemon/read/kv_read.h"

namespace conclave::daemon {

namespace {

/// Fencing token of the last acquisition; JSON stays exactly Consul's.
constexpr const char* fence_header = "X-Conclave-Fence";

/// The 404 with index headers that listings and single keys share.
ReadResult nothing_found(std::uint64_t index) {
  ReadResult result{.index = index, .found = false, .status = 404};
  result.content_type.clear();
  return result;
}

struct GetKey {
  static constexpr ReadStyle style{};
  std::string key;
  bool raw = false;

  Interest interest() const { return {.topics = {{TopicKind::key, key}}, .key_prefixes = {}}; }

  ReadResult operator()(const ReadRows& rows) const {
    const KeyRead read = read_key(rows, key);
    if (!read.entry.has_value()) return nothing_found(read.index);
    ReadResult result{.index = read.index};
    if (read.entry->fence > 0) {
      result.headers.push_back({fence_header, std::to_string(read.entry->fence)});
    }
    if (raw) {
      // A browser must never run what somebody stored.
      result.content_type = "text/plain";
      result.headers.push_back({"X-Content-Type-Options", "nosniff"});
      result.headers.push_back({"Content-Security-Policy", "sandbox"});
      result.body = read.entry->value;
      return result;
    }
    result.body.reserve(160 + key.size() + read.entry->value.size() * 4 / 3);
    result.body.push_back('[');
    write_entry(result.body, *read.entry);
    result.body.push_back(']');
    return result;
  }
};

struct ListEntries {
  static constexpr ReadStyle style{};
  std::string prefix;

  Interest interest() const { return {.topics = {}, .key_prefixes = {prefix}}; }

  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    JsonList list(output);
    const KvListing listing =
        list_entries(rows, prefix, [&](const KvView& entry) { write_entry(list.next(), entry); });
    list.end();
    if (listing.count > 0) return {.index = listing.index};
    output.text().clear();
    return nothing_found(listing.index);
  }
};

struct ListKeys {
  static constexpr ReadStyle style{};
  std::string prefix;
  std::string separator;

  Interest interest() const { return {.topics = {}, .key_prefixes = {prefix}}; }

  ReadResult operator()(const ReadRows& rows, ListOutput& output) const {
    JsonList list(output);
    const KvListing listing =
        list_keys(rows, prefix, separator, [&](std::string_view key) { list.add(key); });
    list.end();
    // The one exception: an empty store has a root.
    if (listing.count > 0 || prefix.empty()) {
      return {.index = listing.index, .found = listing.count > 0};
    }
    output.text().clear();
    return nothing_found(listing.index);
  }
};

Task<api::Response> get(ServerContext* context, api::Request request, std::string key) {
  if (request.query.empty()) {
    if (key.empty()) return refused(ErrorCode::bad_request, "Missing key name");
    return serve_read(context, std::move(request), GetKey{std::move(key)});
  }
  if (request.has_parameter("keys")) {
    auto separator = request.parameter("separator");
    if (!separator.has_value()) separator = request.parameter("seperator");
    ListKeys query{std::move(key), std::string(separator.value_or(""))};
    return serve_read(context, std::move(request), std::move(query));
  }
  if (request.has_parameter("recurse")) {
    return serve_read(context, std::move(request), ListEntries{std::move(key)});
  }
  if (key.empty()) return refused(ErrorCode::bad_request, "Missing key name");
  const bool raw = request.has_parameter("raw");
  return serve_read(context, std::move(request), GetKey{std::move(key), raw});
}

/// Go's url.QueryEscape: like percent-encoding, but a space is a plus.
std::string query_escape(std::string_view text) {
  std::string escaped = api::percent_encode(text);
  for (std::size_t at = 0; (at = escaped.find("%20", at)) != std::string::npos;) {
    escaped.replace(at, 3, "+");
  }
  return escaped;
}

/// The 400 when more than one of `flags` is present: all parameters, sorted, as Go's
/// url.Values.Encode().
Result<void> check_conflicts(const api::Request& request,
                             std::initializer_list<std::string_view> flags) {
  const auto present = std::ranges::count_if(
      flags, [&](std::string_view flag) { return request.has_parameter(flag); });
  if (present <= 1) return {};
  std::multimap<std::string, std::string> sorted;
  for (const auto& [name, value] : request.query) sorted.emplace(name, value);
  std::string text = "Conflicting flags: ";
  for (const auto& [name, value] : sorted) {
    if (!text.ends_with(' ')) text.push_back('&');
    text += query_escape(name) + "=" + query_escape(value);
  }
  return fail(ErrorCode::bad_request, text + "\n");
}

Result<std::uint64_t> uint_parameter(const api::Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  if (!text.has_value()) return 0;
  return parse_uint(*text);
}

Result<Command> parse_put(const ServerContext& context, api::Request& request, std::string key) {
  CONCLAVE_TRY(check_scope(context, request));
  if (key.empty()) return fail(ErrorCode::bad_request, "Missing key name");
  CONCLAVE_TRY(check_conflicts(request, {"cas", "acquire", "release"}));
  if (key.size() > kv_key_bytes_max) {
    return fail(ErrorCode::bad_request,
                fmt::format("Key is too long ({} > {} bytes)", key.size(), kv_key_bytes_max));
  }
  KvOp op;
  op.key = std::move(key);
  CONCLAVE_TRY_ASSIGN(op.flags, uint_parameter(request, "flags"));
  CONCLAVE_TRY_ASSIGN(op.index, uint_parameter(request, "cas"));
  if (request.has_parameter("cas")) op.verb = KvVerb::cas;
  for (const auto& [name, verb] :
       {std::pair{"acquire", KvVerb::lock}, std::pair{"release", KvVerb::unlock}}) {
    const auto session = request.parameter(name);
    if (!session.has_value()) continue;
    if (session->empty()) return fail(ErrorCode::failed, "missing session");
    op.verb = verb;
    op.session = *session;
  }
  const std::uint64_t size_max = context.settings->kv_value_bytes_max;
  if (request.body.size() > size_max) {
    return fail(ErrorCode::too_large,
                fmt::format("Request body({} bytes) too large, max size: {} bytes. See "
                            "https://developer.hashicorp.com/docs/agent/config/"
                            "config-files#kv_max_value_size.",
                            request.body.size(), size_max));
  }
  op.value.data = std::move(request.body);
  return make_command(request, std::move(op));
}

Task<api::Response> commit_put(ServerContext* context, Command command) {
  auto outcome = refusal_or(co_await context->replica.propose(std::move(command)));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  auto response = api::json_response(outcome->done ? "true" : "false");
  if (outcome->fence > 0) response.set_header(fence_header, std::to_string(outcome->fence));
  co_return response;
}

Task<api::Response> put(ServerContext* context, api::Request request, std::string key) {
  auto command = parse_put(*context, request, std::move(key));
  if (!command.has_value()) return refused(command.error().code, command.error().message);
  return commit_put(context, std::move(*command));
}

Result<Command> parse_remove(const ServerContext& context, const api::Request& request,
                             std::string key) {
  CONCLAVE_TRY(check_scope(context, request));
  const bool recurse = request.has_parameter("recurse");
  if (key.empty() && !recurse) return fail(ErrorCode::bad_request, "Missing key name");
  CONCLAVE_TRY(check_conflicts(request, {"recurse", "cas"}));
  KvOp op;
  op.verb = recurse                        ? KvVerb::remove_tree
            : request.has_parameter("cas") ? KvVerb::remove_cas
                                           : KvVerb::remove;
  op.key = std::move(key);
  CONCLAVE_TRY_ASSIGN(op.index, uint_parameter(request, "cas"));
  return make_command(request, std::move(op));
}

Task<api::Response> remove(ServerContext* context, api::Request request, std::string key) {
  auto command = parse_remove(*context, request, std::move(key));
  if (!command.has_value()) return refused(command.error().code, command.error().message);
  return commit_and_answer(context, std::move(*command));
}

}  // namespace

void add_kv_routes(api::Router& router, ServerContext& context) {
  using api::Method;
  router.add({.prefix = "/v1/kv/",
              .methods = {Method::get, Method::put, Method::del},
              .handler =
                  [at = &context](api::Request request, std::string key) {
                    switch (request.method) {
                      case Method::put:
                        return put(at, std::move(request), std::move(key));
                      case Method::del:
                        return remove(at, std::move(request), std::move(key));
                      default:
                        return get(at, std::move(request), std::move(key));
                    }
                  },
              .body_bytes_max = context.settings->kv_value_bytes_max,
              .body_limit_setting = "kv_max_value_size"});
}

}  // namespace conclave::daemon
