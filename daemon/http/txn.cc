#include "daemon/http/txn.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "api/codec/writer.h"
#include "daemon/http/blocking.h"
#include "daemon/http/txn_body.h"
#include "daemon/http/write.h"
#include "daemon/state/txn.h"

namespace conclave::daemon {

namespace {

/// A check without tags shows null here, unlike everywhere else. Inside of a text the quotes would
/// be escaped, so this is the member.
std::string check_json(const api::HealthCheck& check) {
  constexpr std::string_view no_tags = R"("ServiceTags":[])";
  std::string json = api::to_json(check);
  const auto at = json.find(no_tags);
  if (at != std::string::npos) json.replace(at, no_tags.size(), R"("ServiceTags":null)");
  return json;
}

/// A JSON array whose elements are objects of one member.
class ResultList {
 public:
  explicit ResultList(std::string& out) : out_(out) { out_ += '['; }
  void add(std::string_view kind, std::string_view json) {
    if (!out_.ends_with('[')) out_ += ',';
    fmt::format_to(std::back_inserter(out_), "{{\"{}\":{}}}", kind, json);
  }
  void add(const CatalogResult& result) {
    if (result.node) add("Node", api::to_json(*result.node));
    if (result.service) add("Service", api::to_json(*result.service));
    if (result.check) add("Check", check_json(*result.check));
  }
  void end() { out_ += ']'; }

 private:
  std::string& out_;
};

/// Results of keys and of the catalog in the order of their operations.
void append_results(std::string& out, const Outcome& outcome) {
  ResultList list(out);
  auto next = outcome.catalog_results.begin();
  const auto end = outcome.catalog_results.end();
  std::uint64_t place = 0;
  for (const api::KvEntry& entry : outcome.results) {
    for (; next != end && next->at <= place; ++place) list.add(*next++);
    list.add("KV", api::to_json(entry));
    ++place;
  }
  while (next != end) list.add(*next++);
  list.end();
}

/// 200 with results, or 409 with every error. `more` are further members of the body, with a
/// leading comma.
api::Response txn_response(const Outcome& outcome, std::string_view more) {
  std::string body = "{\"Results\":";
  if (!outcome.txn_errors.empty()) {
    body += "null,\"Errors\":";
    api::write_json(body, outcome.txn_errors);
  } else {
    append_results(body, outcome);
    body += ",\"Errors\":null";
  }
  body += more;
  body += '}';
  api::Response response = api::json_response(std::move(body));
  if (!outcome.txn_errors.empty()) response.status = 409;
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
      read,
      fmt::format(",\"Index\":0,\"LastContact\":{},\"KnownLeader\":{},\"ConsistencyLevel\":\"\","
                  "\"NotModified\":false,\"Backend\":0,\"ResultsFilteredByACLs\":false",
                  permit.last_contact_ms * 1'000'000, known));
  response.set_header("X-Consul-LastContact", std::to_string(permit.last_contact_ms));
  response.set_header("X-Consul-KnownLeader", std::string(known));
  co_return response;
}

Task<api::Response> run_txn(ServerContext* context, api::Request request, std::string) {
  const auto scope = check_scope(*context, request);
  if (!scope.has_value()) co_return api::error_response(scope.error());
  auto parsed = parse_txn(request.body, *context->settings);
  if (!parsed.has_value()) co_return api::error_response(parsed.error());
  if (!parsed->errors.empty()) {
    co_return txn_response(Outcome{.txn_errors = std::move(parsed->errors)}, "");
  }
  if (is_read_only(parsed->txn)) {
    co_return co_await answer_reads(context, std::move(request), std::move(parsed->txn));
  }
  auto command = make_command(request, std::move(parsed->txn));
  if (!command.has_value()) co_return api::error_response(command.error());
  auto outcome = co_await commit(context, std::move(*command));
  if (!outcome.has_value()) co_return api::error_response(outcome.error());
  co_return txn_response(*outcome, "");
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
