#pragma once

/// The one way in which every read is answered (contract section 2): parameters, leave to read, one
/// snapshot, one evaluation; then either a response or, when the client waits for something newer,
/// a place in the watch hub. From opening the snapshot to registering the waiter nothing suspends,
/// which is the proof that no wake-up is lost (design section 4, Watch).
///
/// An endpoint describes its read as a small value type, a Query:
///
///   struct GetThing {
///     static constexpr ReadStyle style{.effective_consistency = true};
///     ReadResult operator()(const ReadRows& rows) const;   // depends on members and rows only
///     Interest interest() const;                            // what a waiter waits for
///   };
///   ... return serve_read(&context, std::move(request), GetThing{...});
///
/// One whose answer may be of any size writes its body to an output as it goes, a ListQuery:
///
///     ReadResult operator()(const ReadRows& rows, ListOutput& output) const;
///
/// Either may be called with rows that end too early (daemon/watch/metered_rows.h): what it makes
/// of them is dropped, and it is called again on the thread of LargeReads.

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/http/message.h"
#include "api/query/options.h"
#include "api/rest/respond.h"
#include "base/core/result.h"
#include "daemon/http/context.h"
#include "daemon/replica/replica.h"
#include "daemon/watch/hub.h"
#include "daemon/watch/metered_rows.h"

namespace conclave::daemon {

/// Which headers the reads of an endpoint carry besides the index headers (contract 1.5).
struct ReadStyle {
  bool effective_consistency = false;  ///< Catalog, health and queries; they know ?cached too.
  bool query_backend = false;          ///< /v1/health/service.
  /// The index has no order: any other one than that of the client is an answer (contract 11).
  bool index_is_identity = false;
};

/// What a query found in one snapshot. `body` is a plain string, so that an answer that nobody
/// shares costs no shared pointer.
struct ReadResult {
  std::uint64_t index = 0;  ///< X-Consul-Index; 0 is shown as 1.
  bool found = true;        ///< False: keeps waiting while it stays so (contract 2.2).
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<api::Header> headers;
};

template <class T>
concept ListQuery = requires(const T& query, const ReadRows& rows, ListOutput& output) {
  { query(rows, output) } -> std::same_as<ReadResult>;
};

template <class T>
concept ReadQuery = requires(const T& query, const ReadRows& rows) {
  requires ListQuery<T> || requires {
    { query(rows) } -> std::same_as<ReadResult>;
  };
  { query.interest() } -> std::same_as<Interest>;
  { T::style } -> std::convertible_to<ReadStyle>;
};

/// Checks that hold for reads and writes: another datacenter (500) and enterprise parameters (400).
Result<void> check_scope(const ServerContext& context, const api::Request& request);

/// check_scope, then the parameters of a read. Without a query string it is free. `filter` is for
/// the endpoints that have one (daemon/http/filtered_read.h); the others ignore it, as Consul does.
Result<api::ReadOptions> read_options(const ServerContext& context, const api::Request& request);

/// Waits until a read with these options may be answered now. With max_stale a stale answer that is
/// too old is asked for once more as a standard one; `options.mode` then says what was done.
struct ReadTurn {
  api::ReadOptions options;
  ReadPermit permit;
  /// Set: answered from what this server has, which is so old (?cached, cached_read.h).
  std::optional<Nanos> hit_age = std::nullopt;
};
/// The turn if it is at hand, which it nearly always is.
bool turn_now(ServerContext& context, ReadTurn& turn);
Task<Result<ReadTurn>> wait_for_turn(ServerContext* context, api::ReadOptions options);

/// The same for `?cached`.
Task<Result<ReadTurn>> wait_for_cached_turn(ServerContext* context, const api::Request* request,
                                            api::ReadOptions options);

/// The response to a result that is due, with the headers of contract 1.5.
api::Response make_response(ReadResult result, const ReadTurn& turn, ReadStyle style);

namespace detail {

/// What tells blocking queries apart: path and parameters, without those that only say how to wait.
std::string query_identity(const api::Request& request);
bool must_wait(const api::ReadOptions& options, std::uint64_t index, ReadStyle style);
using QueryFunction = std::function<ReadResult(const ReadRows& rows, ListOutput& output)>;
/// Waits together with others for what they wait for already; nullopt: it has to be evaluated.
std::optional<api::Response> join(ServerContext& context, const api::Request& request,
                                  const ReadTurn& turn, ReadStyle style);
/// `seen` = nullptr: it was too large to be evaluated here.
api::Response park(ServerContext& context, const api::Request& request, const ReadTurn& turn,
                   ReadStyle style, Interest interest, QueryFunction query, const ReadResult* seen);

/// The body of the result is in the output.
template <ReadQuery Query>
ReadResult evaluate(const Query& query, const ReadRows& rows, ListOutput& output) {
  if constexpr (ListQuery<Query>) {
    return query(rows, output);
  } else {
    ReadResult result = query(rows);
    output.text() = std::move(result.body);
    return result;
  }
}

}  // namespace detail

/// Evaluates now and answers or parks. Does not suspend.
template <ReadQuery Query>
api::Response answer_read(ServerContext& context, const api::Request& request, const ReadTurn& turn,
                          const Query& query) {
  if (auto waiting = detail::join(context, request, turn, Query::style)) {
    return std::move(*waiting);
  }
  ListOutput output;
  ReadResult result;
  bool is_large = false;
  {
    const ReadSnapshot snapshot = context.reader.open();
    const MeteredRows rows(snapshot.rows(), output);
    result = detail::evaluate(query, rows, output);
    is_large = rows.are_spent();
  }
  if (!is_large && !detail::must_wait(turn.options, result.index, Query::style)) {
    result.body = std::move(output.text());
    return make_response(std::move(result), turn, Query::style);
  }
  return detail::park(
      context, request, turn, Query::style, query.interest(),
      [query](const ReadRows& rows, ListOutput& out) { return detail::evaluate(query, rows, out); },
      is_large ? nullptr : &result);
}

/// The whole of a read endpoint, once its own parameters are in `query`.
template <ReadQuery Query>
Task<api::Response> serve_read(ServerContext* context, api::Request request, Query query) {
  ReadTurn turn;
  if (!request.query.empty() || !request.headers.empty()) {
    auto options = read_options(*context, request);
    if (!options.has_value()) co_return api::error_response(options.error());
    turn.options = std::move(*options);
  }
  // Only these are among what Consul's agents keep; the others ignore the parameter.
  turn.options.cached = turn.options.cached && Query::style.effective_consistency;
  if (turn.options.cached) {
    auto waited = co_await wait_for_cached_turn(context, &request, std::move(turn.options));
    if (!waited.has_value()) co_return api::error_response(waited.error());
    turn = std::move(*waited);
  } else if (!turn_now(*context, turn)) {
    auto waited = co_await wait_for_turn(context, std::move(turn.options));
    if (!waited.has_value()) co_return api::error_response(waited.error());
    turn = std::move(*waited);
  }
  co_return answer_read(*context, request, turn, query);
}

/// A response that needs no waiting, as the task that a handler returns.
Task<api::Response> answered(api::Response response);
Task<api::Response> refused(ErrorCode code, std::string message);

}  // namespace conclave::daemon
