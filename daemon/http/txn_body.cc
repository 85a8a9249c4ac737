#include "daemon/http/txn_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <expected>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "api/codec/reader.h"
#include "daemon/http/check_body.h"

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

struct NodeOpBody {
  std::string verb;
  api::Node node;

  static constexpr auto fields() {
    return std::tuple{api::field(0, "Verb", &NodeOpBody::verb),
                      api::field(0, "Node", &NodeOpBody::node)};
  }
};

struct ServiceOpBody {
  std::string verb;
  std::string node;
  api::NodeService service;

  static constexpr auto fields() {
    return std::tuple{api::field(0, "Verb", &ServiceOpBody::verb),
                      api::field(0, "Node", &ServiceOpBody::node),
                      api::field(0, "Service", &ServiceOpBody::service)};
  }
};

struct CheckOpBody {
  std::string verb;
  CheckBody check;

  static constexpr auto fields() {
    return std::tuple{api::field(0, "Verb", &CheckOpBody::verb),
                      api::field(0, "Check", &CheckOpBody::check)};
  }
};

/// One element of the array: the operations are told apart by what is engaged.
struct OpBody {
  std::optional<KvOpBody> kv;
  std::optional<NodeOpBody> node;
  std::optional<ServiceOpBody> service;
  std::optional<CheckOpBody> check;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(0, "KV", &OpBody::kv), field(0, "Node", &OpBody::node),
                      field(0, "Service", &OpBody::service), field(0, "Check", &OpBody::check)};
  }
};

constexpr std::array<std::pair<std::string_view, KvVerb>, 13> kv_verbs = {{
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

constexpr std::array<std::pair<std::string_view, CatalogVerb>, 5> catalog_verbs = {{
    {"get", CatalogVerb::get},
    {"set", CatalogVerb::set},
    {"cas", CatalogVerb::cas},
    {"delete", CatalogVerb::remove},
    {"delete-cas", CatalogVerb::remove_cas},
}};

/// The operation, or what is wrong with it: an error of the transaction (409), not of the request.
std::expected<KvOp, std::string> to_op(KvOpBody body) {
  const auto verb = std::ranges::find(kv_verbs, body.verb, &decltype(kv_verbs)::value_type::first);
  if (verb == kv_verbs.end()) {
    return std::unexpected(fmt::format("unknown KV verb \"{}\"", body.verb));
  }
  return KvOp{.verb = verb->second,
              .key = std::move(body.key),
              .value = std::move(body.value),
              .flags = body.flags,
              .index = body.index,
              .session = std::move(body.session)};
}

/// An operation of `kind` with that verb and no object yet.
std::expected<CatalogOp, std::string> catalog_op(std::string_view kind, std::string_view text) {
  const auto verb =
      std::ranges::find(catalog_verbs, text, &decltype(catalog_verbs)::value_type::first);
  if (verb == catalog_verbs.end()) {
    return std::unexpected(fmt::format("unknown {} verb \"{}\"", kind, text));
  }
  return CatalogOp{.verb = verb->second};
}

std::expected<CatalogOp, std::string> to_op(NodeOpBody body, const std::string& datacenter) {
  auto op = catalog_op("Node", body.verb);
  if (!op.has_value()) return op;
  op->node = std::move(body.node);
  op->node->datacenter = datacenter;
  op->node->create_index = 0;
  return op;
}

std::expected<CatalogOp, std::string> to_op(ServiceOpBody body) {
  auto op = catalog_op("Service", body.verb);
  if (!op.has_value()) return op;
  op->service_node = std::move(body.node);
  op->service = std::move(body.service);
  op->service->create_index = 0;
  return op;
}

std::expected<CatalogOp, std::string> to_op(CheckOpBody body) {
  auto op = catalog_op("Check", body.verb);
  if (!op.has_value()) return op;
  const std::uint64_t index = body.check.modify_index;
  op->check = to_check(std::move(body.check));
  op->check->modify_index = index;
  return op;
}

std::expected<CatalogOp, std::string> to_catalog_op(OpBody body, const std::string& datacenter) {
  if (body.node) return to_op(std::move(*body.node), datacenter);
  if (body.service) return to_op(std::move(*body.service));
  if (body.check) return to_op(std::move(*body.check));
  return std::unexpected("no operation specified");
}

template <class Op>
void add(ParsedTxn& parsed, std::vector<Op>& ops, std::expected<Op, std::string> op,
         std::uint64_t place) {
  if (op.has_value()) {
    ops.push_back(std::move(*op));
  } else {
    parsed.errors.push_back({.op_index = place, .what = std::move(op.error())});
  }
}

}  // namespace

Result<ParsedTxn> parse_txn(std::string_view text, const ServerSettings& settings) {
  const std::uint64_t body_max = std::max(settings.txn_bytes_max, settings.kv_value_bytes_max);
  if (text.size() > body_max) {
    return fail(ErrorCode::too_large,
                fmt::format("Request body too large, max size: {} bytes. See "
                            "https://developer.hashicorp.com/docs/agent/config/"
                            "config-files#txn_max_req_len.",
                            body_max));
  }
  std::vector<OpBody> bodies;
  auto json = api::parse_json(text);
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
  for (std::uint64_t place = 0; place < bodies.size(); ++place) {
    OpBody& body = bodies[place];
    if (!body.kv.has_value()) {
      auto op = to_catalog_op(std::move(body), settings.datacenter);
      if (op.has_value()) op->at = place;
      add(parsed, parsed.txn.catalog_ops, std::move(op), place);
      continue;
    }
    if (body.kv->value.data.size() > settings.kv_value_bytes_max) {
      return fail(ErrorCode::too_large,
                  fmt::format("Value for key \"{}\" is too large ({} > {} bytes)", body.kv->key,
                              body.kv->value.data.size(), settings.kv_value_bytes_max));
    }
    add(parsed, parsed.txn.ops, to_op(std::move(*body.kv)), place);
  }
  return parsed;
}

}  // namespace conclave::daemon
