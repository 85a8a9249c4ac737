#include "daemon/http/txn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "daemon/http/blocking.h"
#include "daemon/http/write.h"
#include "daemon/state/txn.h"

namespace conclave::daemon {

namespace {

struct KvOpBody {
  std::string verb;
  std::string key;
  api::Bytes value;
  std::uint64_t flags = 0;
  std::uint64_t index = 0;
  std::string session;
  std::string name_space;  ///< Accepted and ignored.

  static constexpr auto fields() {
    using api::field;
    return std::tuple{
        field(0, "Verb", &KvOpBody::verb),           field(0, "Key", &KvOpBody::key),
        field(0, "Value", &KvOpBody::value),         field(0, "Flags", &KvOpBody::flags),
        field(0, "Index", &KvOpBody::index),         field(0, "Session", &KvOpBody::session),
        field(0, "Namespace", &KvOpBody::name_space)};
  }
};

/// One element of the array: the operations that are known of are told apart by what is engaged.
struct OpBody {
  std::optional<KvOpBody> kv;
  std::optional<api::JsonValue> node;
  std::optional<api::JsonValue> service;
  std::optional<api::JsonValue> check;
  std::optional<api::JsonValue> session;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(0, "KV", &OpBody::kv), field(0, "Node", &OpBody::node),
                      field(0, "Service", &OpBody::service), field(0, "Check", &OpBody::check),
                      field(0, "Session", &OpBody::session)};
  }
};

constexpr std::array<std::pair<std::string_view, KvVerb>, 13> verbs = {{
    {"set", KvVerb::set},
    {"cas", KvVerb::cas},
    {"lock", KvVerb::lock},
    {"unlock", KvVerb::unlock},
    {"get", KvVerb::get},
    {"get-or-empty", KvVerb::get_or_empty},
    {"get-tree", KvVerb::get_tree},
    {"check-index", KvVerb::check_index},
    {"check-session", KvVerb::check_session},
    {"check-not-exists", KvVerb::check_not_exists},
    {"delete", KvVerb::remove},
    {"delete-tree", KvVerb::remove_tree},
    {"delete-cas", KvVerb::remove_cas},
}};

/// The operation, or what is wrong with it: an error of the transaction (409), not of the request.
std::expected<KvOp, std::string> to_op(KvOpBody body) {
  const auto verb = std::ranges::find(verbs, body.verb, &decltype(verbs)::value_type::first);
  if (verb == verbs.end()) {
    return std::unexpected(fmt::format("unknown KV verb \"{}\"", body.verb));
  }
  return KvOp{.verb = verb->second,
              .key = std::move(body.key),
              .value = std::move(body.value),
              .flags = body.flags,
              .index = body.index,
              .session = std::move(body.session)};
}

struct ParsedTxn {
  Txn txn;
  std::vector<TxnError> errors;  ///< What cannot even be said as a command.
};

Result<ParsedTxn> parse_txn(const ServerContext& context, const api::Request& request) {
  CONCLAVE_TRY(check_scope(context, request));
  const ServerSettings& settings = *context.settings;
  const std::uint64_t body_max = std::max(settings.txn_bytes_max, settings.kv_value_bytes_max);
  if (request.body.size() > body_max) {
    return fail(ErrorCode::too_large,
                fmt::format("Request body too large, max size: {} bytes. See "
                            "https://developer.hashicorp.com/docs/agent/config/"
                            "config-files#txn_max_req_len.",
                            body_max));
  }
  std::vector<OpBody> bodies;
  auto json = api::parse_json(request.body);
  Result<void> read = json.has_value()
                          ? api::read_json(*json, bodies, {.strict = settings.strict_json})
                          : std::unexpected(json.error());
  if (!read.has_value()) {
    return fail(ErrorCode::bad_request, "Failed to parse body: " + read.error().message);
  }
  if (bodies.size() > settings.txn_ops_max) {
    return fail(ErrorCode::too_large,
                fmt::format("Transaction contains too many operations ({} > {})", bodies.size(),
                            settings.txn_ops_max));
  }
  ParsedTxn parsed;
  for (std::size_t i = 0; i < bodies.size(); ++i) {
    OpBody& body = bodies[i];
    if (body.node || body.service || body.check || body.session) {
      return fail(ErrorCode::bad_request,
                  "Transactions of Node, Service, Check and Session operations are not supported "
                  "yet; use KV operations");
    }
    if (!body.kv.has_value()) {
      parsed.errors.push_back({.op_index = i, .what = "no operation specified"});
      continue;
    }
    if (body.kv->value.data.size() > settings.kv_value_bytes_max) {
      return fail(ErrorCode::too_large,
                  fmt::format("Value for key \"{}\" is too large ({} > {} bytes)", body.kv->key,
                              body.kv->value.data.size(), settings.kv_value_bytes_max));
    }
    auto op = to_op(std::move(*body.kv));
    if (op.has_value()) {
      parsed.txn.ops.push_back(std::move(*op));
    } else {
      parsed.errors.push_back({.op_index = i, .what = std::move(op.error())});
    }
  }
  return parsed;
}

/// 200 with results, or 409 with every error. `more` are further members of the body, with a
/// leading comma.
api::Response txn_response(const std::vector<api::KvEntry>& results,
                           const std::vector<TxnError>& errors, std::string_view more) {
  std::string body = "{\"Results\":";
  if (!errors.empty()) {
    body += "null,\"Errors\":";
    api::write_json(body, errors);
  } else {
    body += '[';
    for (const api::KvEntry& entry : results) {
      if (!body.ends_with('[')) body += ',';
      body += "{\"KV\":";
      api::write_json(body, entry);
      body += '}';
    }
    body += "],\"Errors\":null";
  }
  body += more;
  body += '}';
  api::Response response = api::json_response(std::move(body));
  if (!errors.empty()) response.status = 409;
  return response;
}

/// A transaction that only reads is served like a read, without an index and without blocking.
Task<api::Response> answer_reads(ServerContext* context, api::Request request, Txn txn) {
  auto options = read_options(*context, request);
  if (!options.has_value()) co_return api::error_response(options.error());
  auto turn = co_await wait_for_turn(context, std::move(*options));
  if (!turn.has_value()) co_return api::error_response(turn.error());
  Outcome read;
  {
    const ReadSnapshot snapshot = context->reader.open();
    read = read_txn(txn, snapshot.rows());
  }
  const ReadPermit& permit = turn->permit;
  const std::string_view known = permit.known_leader ? "true" : "false";
  // Consul embeds its QueryMeta; LastContact is a Go duration there: nanoseconds.
  auto response = txn_response(
      read.results, read.txn_errors,
      fmt::format(",\"Index\":0,\"LastContact\":{},\"KnownLeader\":{},\"ConsistencyLevel\":\"\","
                  "\"NotModified\":false,\"Backend\":0,\"ResultsFilteredByACLs\":false",
                  permit.last_contact_ms * 1'000'000, known));
  response.set_header("X-Consul-LastContact", std::to_string(permit.last_contact_ms));
  response.set_header("X-Consul-KnownLeader", std::string(known));
  co_return response;
}

Task<api::Response> run_txn(ServerContext* context, api::Request request, std::string) {
  auto parsed = parse_txn(*context, request);
  if (!parsed.has_value()) co_return api::error_response(parsed.error());
  if (!parsed->errors.empty()) co_return txn_response({}, parsed->errors, "");
  if (is_read_only(parsed->txn)) {
    co_return co_await answer_reads(context, std::move(request), std::move(parsed->txn));
  }
  auto command = make_command(request, std::move(parsed->txn));
  if (!command.has_value()) co_return api::error_response(command.error());
  auto outcome = co_await commit(context, std::move(*command));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  co_return txn_response(outcome->results, outcome->txn_errors, "");
}

}  // namespace

void add_txn_routes(api::Router& router, ServerContext& context) {
  router.add({.prefix = "/v1/txn",
              .methods = {api::Method::put},
              .handler =
                  [at = &context](api::Request request, std::string rest) {
                    return run_txn(at, std::move(request), std::move(rest));
                  },
              .body_bytes_max =
                  std::max(context.settings->txn_bytes_max, context.settings->kv_value_bytes_max),
              .body_limit_setting = "txn_max_req_len"});
}

}  // namespace conclave::daemon
