#include "daemon/http/blocking.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace conclave::daemon {

namespace {

/// Longer than any queue of large reads.
constexpr Nanos large_read_wait_max = std::chrono::hours(24);

constexpr std::string_view enterprise(std::string_view what) {
  return what == "partition" ? "Partitions" : "Namespaces";
}

Result<void> check_enterprise(const api::Request& request) {
  for (const std::string_view name : {"ns", "partition"}) {
    const auto value = request.parameter(name);
    if (value.has_value() && !value->empty() && *value != "default" && *value != "*") {
      return fail(ErrorCode::bad_request, "Invalid query parameter: \"" + std::string(name) +
                                              "\" - " + std::string(enterprise(name)) +
                                              " are a Consul Enterprise feature");
    }
  }
  const std::string_view space = request.header("x-consul-namespace");
  if (!space.empty() && space != "default") {
    return fail(ErrorCode::bad_request,
                "Invalid header: \"X-Consul-Namespace\" - Namespaces are a Consul Enterprise "
                "feature");
  }
  return {};
}

Consistency consistency_of(api::ConsistencyMode mode) {
  switch (mode) {
    case api::ConsistencyMode::consistent:
      return Consistency::consistent;
    case api::ConsistencyMode::stale:
      return Consistency::stale;
    case api::ConsistencyMode::standard:
      break;
  }
  return Consistency::standard;
}

std::string effective_consistency(api::ConsistencyMode mode) {
  switch (mode) {
    case api::ConsistencyMode::consistent:
      return "consistent";
    case api::ConsistencyMode::stale:
      return "stale";
    case api::ConsistencyMode::standard:
      break;
  }
  return "leader";
}

/// discovery_max_stale (contract 2.1).
void allow_stale_discovery(const ServerContext& context, const api::Request& request,
                           api::ReadOptions& options) {
  if (context.settings->discovery_max_stale <= Nanos{} || request.has_parameter("leader")) return;
  const std::string_view path = request.path;
  const bool discovers = path.starts_with("/v1/catalog/") || path.starts_with("/v1/health/");
  if (!discovers || options.mode != api::ConsistencyMode::standard) return;
  options.mode = api::ConsistencyMode::stale;
  options.max_stale = context.settings->discovery_max_stale;
}

/// Contract 2.1: an answer older than max_stale is redone once in default mode.
bool too_stale(const ReadTurn& turn) {
  return turn.options.mode == api::ConsistencyMode::stale && turn.options.max_stale.has_value() &&
         std::chrono::milliseconds(turn.permit.last_contact_ms) > *turn.options.max_stale;
}

void add_read_headers(api::Response& response, std::uint64_t index, const ReadTurn& turn,
                      ReadStyle style) {
  response.headers.reserve(response.headers.size() + 6);
  response.set_header("X-Consul-Index", std::to_string(std::max<std::uint64_t>(index, 1)));
  response.set_header("X-Consul-KnownLeader", turn.permit.known_leader ? "true" : "false");
  response.set_header("X-Consul-LastContact", std::to_string(turn.permit.last_contact_ms));
  if (style.effective_consistency) {
    response.set_header("X-Consul-Effective-Consistency", effective_consistency(turn.options.mode));
  }
  if (style.query_backend) response.set_header("X-Consul-Query-Backend", "blocking-query");
  if (!turn.options.cached) return;
  response.set_header("X-Cache", turn.hit_age ? "HIT" : "MISS");
  if (turn.hit_age) {
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(*turn.hit_age);
    response.set_header("Age", std::to_string(age.count()));
  }
}

}  // namespace

Result<void> check_scope(const ServerContext& context, const api::Request& request) {
  const auto datacenter = request.parameter("dc");
  if (datacenter.has_value() && !datacenter->empty() &&
      *datacenter != context.settings->datacenter) {
    return fail(ErrorCode::failed, "No path to datacenter");
  }
  return check_enterprise(request);
}

Result<api::ReadOptions> read_options(const ServerContext& context, const api::Request& request) {
  CONCLAVE_TRY(check_scope(context, request));
  api::ReadOptions options;
  if (request.query.empty()) {
    allow_stale_discovery(context, request, options);
    return options;
  }
  std::vector<std::pair<std::string_view, std::string_view>> parameters;
  parameters.reserve(request.query.size());
  for (const auto& [name, value] : request.query) parameters.emplace_back(name, value);
  CONCLAVE_TRY_ASSIGN(options, api::parse_read_options(parameters, context.settings->waits));
  allow_stale_discovery(context, request, options);
  return options;
}

bool turn_now(ServerContext& context, ReadTurn& turn) {
  return context.replica.read_permit_now(consistency_of(turn.options.mode), turn.permit) &&
         !too_stale(turn);
}

Task<Result<ReadTurn>> wait_for_turn(ServerContext* context, api::ReadOptions options) {
  ReadTurn turn{.options = std::move(options), .permit = {}};
  for (;;) {
    auto permit = co_await context->replica.read_permit(consistency_of(turn.options.mode));
    if (!permit.has_value()) co_return std::unexpected(std::move(permit).error());
    turn.permit = *permit;
    if (!too_stale(turn)) co_return turn;
    turn.options.mode = api::ConsistencyMode::standard;
  }
}

Task<Result<ReadTurn>> wait_for_cached_turn(ServerContext* context, const api::Request* request,
                                            api::ReadOptions options) {
  const auto control = parse_cache_control(request->header("cache-control"));
  if (!control.has_value()) co_return std::unexpected(control.error());
  const bool asked_before = context->cached_reads.note(detail::query_identity(*request));
  ReadTurn here{.options = options, .permit = {}};
  const bool is_here =
      asked_before && context->replica.read_permit_now(Consistency::stale, here.permit);
  if (is_here) here.hit_age = std::chrono::milliseconds(here.permit.last_contact_ms);
  const bool is_young = !control->max_age || here.hit_age <= control->max_age;
  if (is_here && is_young && !control->must_revalidate) co_return here;
  auto fresh = co_await wait_for_turn(context, std::move(options));
  if (!fresh.has_value() && is_here && *here.hit_age < control->stale_if_error) co_return here;
  co_return fresh;
}

api::Response make_response(ReadResult result, const ReadTurn& turn, ReadStyle style) {
  api::Response response;
  response.status = result.status;
  response.content_type = std::move(result.content_type);
  response.headers = std::move(result.headers);
  response.body = std::move(result.body);
  add_read_headers(response, result.index, turn, style);
  return response;
}

namespace detail {

std::string query_identity(const api::Request& request) {
  constexpr std::array<std::string_view, 10> how_to_wait = {
      "index",     "wait",   "stale",  "consistent", "cached",
      "max_stale", "leader", "pretty", "token",      "dc"};
  std::string identity = request.path;
  for (const auto& [name, value] : request.query) {
    if (std::ranges::find(how_to_wait, name) != how_to_wait.end()) continue;
    // NUL cannot be part of a name, so that no two different queries read the same.
    identity.append(1, '\0').append(name).append(1, '=').append(value);
  }
  return identity;
}

bool must_wait(const api::ReadOptions& options, std::uint64_t index, ReadStyle style) {
  if (options.index == 0) return false;
  const std::uint64_t shown = std::max<std::uint64_t>(index, 1);
  return style.index_is_identity ? shown == options.index : shown <= options.index;
}

namespace {

/// Knowledge of the leader is as of the answer, not as of the question.
WatchHub::Finish finish_of(ServerContext& context, const ReadTurn& turn, ReadStyle style) {
  return [&replica = context.replica, mode = turn.options.mode, cached = turn.options.cached,
          hit = turn.hit_age.has_value(),
          style](api::Response& response, const Evaluation& evaluation) {
    ReadTurn now;
    now.options.mode = mode;
    now.options.cached = cached;
    if (!replica.read_permit_now(consistency_of(mode), now.permit)) {
      replica.read_permit_now(Consistency::stale, now.permit);
    }
    if (hit) now.hit_age = std::chrono::milliseconds(now.permit.last_contact_ms);
    add_read_headers(response, evaluation.index, now, style);
  };
}

/// A question that does not block is answered as soon as it is evaluated.
Nanos deadline_of(ServerContext& context, const ReadTurn& turn) {
  const Nanos wait = turn.options.index == 0
                         ? large_read_wait_max
                         : api::with_jitter(turn.options.wait, context.rng.next());
  return context.clock.boot_now() + wait;
}

}  // namespace

std::optional<api::Response> join(ServerContext& context, const api::Request& request,
                                  const ReadTurn& turn, ReadStyle style) {
  if (turn.options.index == 0) return std::nullopt;
  api::Response response;
  response.parked = context.hub.join(query_identity(request), turn.options.index,
                                     deadline_of(context, turn), finish_of(context, turn, style));
  if (response.parked == nullptr) return std::nullopt;
  return response;
}

api::Response park(ServerContext& context, const api::Request& request, const ReadTurn& turn,
                   ReadStyle style, Interest interest, QueryFunction query,
                   const ReadResult* seen) {
  BlockingQuery blocking;
  blocking.identity = query_identity(request);
  blocking.interest = std::move(interest);
  blocking.evaluate = [query = std::move(query), style](const ReadRows& rows, ListOutput& output) {
    ReadResult result = query(rows, output);
    Evaluation evaluation;
    evaluation.index = std::max<std::uint64_t>(result.index, 1);
    evaluation.index_is_identity = style.index_is_identity;
    evaluation.found = result.found;
    evaluation.status = result.status;
    evaluation.content_type = std::move(result.content_type);
    evaluation.headers = std::move(result.headers);
    return evaluation;
  };
  const std::uint64_t index = turn.options.index;
  const Nanos deadline = deadline_of(context, turn);
  auto finish = finish_of(context, turn, style);
  api::Response response;
  if (seen == nullptr) {
    response.parked =
        context.hub.park_large(std::move(blocking), index, deadline, std::move(finish));
  } else {
    const WatchHub::Seen found{.index = std::max<std::uint64_t>(seen->index, 1),
                               .index_is_identity = style.index_is_identity,
                               .found = seen->found};
    response.parked =
        context.hub.park(std::move(blocking), index, found, deadline, std::move(finish));
  }
  return response;
}

}  // namespace detail

Task<api::Response> answered(api::Response response) { co_return response; }

Task<api::Response> refused(ErrorCode code, std::string message) {
  co_return api::error_response(Error{code, std::move(message)});
}

}  // namespace conclave::daemon
