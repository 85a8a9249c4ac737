#include "daemon/state/request.h"

#include <utility>
#include <vector>

#include "daemon/tables/key.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/requests.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {
namespace {

/// Forgotten at one time at most: more than arrive, so the table shrinks once they are old.
constexpr std::size_t forget_max = 16;

/// What is kept of an outcome that is too large to be kept.
Outcome without_results(const Outcome& outcome) {
  return {.error = "this request was applied before; its results were too large to be kept",
          .revision = outcome.revision};
}

void forget_oldest(Rows& rows, Meta& meta, std::uint64_t now_ms) {
  struct Old {
    std::string order_key;
    std::string id;
  };
  std::vector<Old> old;
  rows.scan_prefix(table_key(Table::request_order),
                   [&](std::string_view key, std::string_view row) {
                     auto order = decode_row<RequestOrderRow>(row);
                     const bool too_many = meta.requests_count - old.size() > requests_max;
                     const bool too_old = order.time_ms + request_age_ms_max < now_ms;
                     if (old.size() == forget_max || !(too_many || too_old)) return false;
                     old.push_back({std::string(key), std::move(order.id)});
                     return true;
                   });
  for (const Old& request : old) {
    rows.erase(request.order_key);
    rows.erase(request_key(request.id));
  }
  meta.requests_count -= old.size();
}

}  // namespace

std::optional<Outcome> kept_outcome(const ReadRows& rows, const std::string& request_id) {
  const auto request = read_row<RequestRow>(rows, request_key(request_id));
  if (!request) return std::nullopt;
  return decode_row<Outcome>(request->outcome);
}

void keep_outcome(Rows& rows, const std::string& request_id, const Outcome& outcome,
                  const ApplyTime& time) {
  Meta meta = read_meta(rows);
  std::string record = api::encode_record(outcome);
  if (record.size() > request_outcome_bytes_max) {
    record = api::encode_record(without_results(outcome));
  }
  const std::uint64_t sequence = meta.requests_next++;
  ++meta.requests_count;
  rows.put(request_key(request_id),
           api::encode_record(RequestRow{.outcome = std::move(record), .sequence = sequence}));
  rows.put(request_order_key(sequence),
           api::encode_record(RequestOrderRow{.id = request_id, .time_ms = time.cluster_time_ms}));
  forget_oldest(rows, meta, time.cluster_time_ms);
  rows.put(meta_key(), api::encode_record(meta));
}

}  // namespace conclave::daemon
