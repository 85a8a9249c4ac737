#include "daemon/state/txn.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/core/assert.h"
#include "daemon/state/kv.h"
#include "daemon/state/removal.h"
#include "daemon/state/txn_catalog.h"
#include "daemon/store/overlay.h"
#include "daemon/tables/kv.h"
#include "daemon/tables/meta.h"

namespace conclave::daemon {
namespace {

bool reads_only(KvVerb verb) {
  switch (verb) {
    case KvVerb::get:
    case KvVerb::get_or_empty:
    case KvVerb::get_tree:
    case KvVerb::check_index:
    case KvVerb::check_session:
    case KvVerb::check_not_exists:
      return true;
    default:
      return false;
  }
}

bool is_about_a_tree(KvVerb verb) {
  return verb == KvVerb::get_tree || verb == KvVerb::remove_tree;
}

/// Collects what the operations of one transaction answer.
class Collector {
 public:
  void result(const KvView& view, bool with_value) {
    api::KvEntry entry = to_entry(view);
    if (!with_value) entry.value.data.clear();
    bytes_ += entry.value.data.size();
    results_.push_back(std::move(entry));
  }
  void result(CatalogResult result) {
    result.at = places();
    catalog_results_.push_back(std::move(result));
  }
  bool is_full() const { return places() >= txn_results_max || bytes_ >= txn_results_bytes_max; }
  void error(std::uint64_t op_index, std::string what) {
    errors_.push_back({.op_index = op_index, .what = std::move(what)});
  }
  bool has_errors() const { return !errors_.empty(); }

  Outcome outcome() && {
    Outcome outcome;
    outcome.done = errors_.empty();
    if (outcome.done) {
      outcome.results = std::move(results_);
      outcome.catalog_results = std::move(catalog_results_);
    }
    outcome.txn_errors = std::move(errors_);
    return outcome;
  }

 private:
  std::size_t places() const { return results_.size() + catalog_results_.size(); }

  std::vector<api::KvEntry> results_;
  std::vector<CatalogResult> catalog_results_;
  std::vector<TxnError> errors_;
  std::size_t bytes_ = 0;
};

/// Contract 4: what a check verb finds wrong; "" = nothing.
std::string failed_check(const KvOp& op, const std::optional<KvView>& entry) {
  const std::string key = quoted(op.key);
  switch (op.verb) {
    case KvVerb::get:
      return entry ? "" : "key " + key + " doesn't exist";
    case KvVerb::check_not_exists:
      return entry ? "key " + key + " exists" : "";
    case KvVerb::check_index:
      if (!entry) return "failed to check index, key " + key + " doesn't exist";
      if (entry->modify_index == op.index) return {};
      return "failed index check for key " + key + ", current modify index " +
             std::to_string(entry->modify_index) + " != " + std::to_string(op.index);
    case KvVerb::check_session:
      if (!entry) return "failed to check session, key " + key + " doesn't exist";
      if (entry->session == op.session) return {};
      return "failed session check for key " + key + ", current session " + quoted(entry->session) +
             " != " + quoted(op.session);
    default:
      return {};
  }
}

/// Contract 4: the sentence for a write whose condition did not hold.
std::string refused_write(const KvOp& op, KvRefusal refusal) {
  if (std::string error = refusal_error(op, refusal); !error.empty()) return error;
  const std::string key = quoted(op.key);
  switch (refusal) {
    case KvRefusal::stale:
      return op.verb == KvVerb::cas ? "failed to set key " + key + ", index is stale"
                                    : "failed to delete key " + key + ", index is stale";
    case KvRefusal::held:
      return "failed to lock key " + key + ", lock is already held";
    case KvRefusal::delayed:
      return "failed to lock key " + key + " due to lock delay";
    case KvRefusal::not_holder:
      return "failed to unlock key " + key + ", lock isn't held, or is held by another session";
    case KvRefusal::too_many_keys:
      return "failed to delete tree " + key +
             ", too many keys for one transaction: delete it outside of transactions";
    default:
      break;
  }
  CONCLAVE_ASSERT_WHY(false, "every refusal has a sentence");
  return {};
}

void read_tree(const ReadRows& rows, const KvOp& op, std::uint64_t op_index, Collector& collector) {
  visit_kv(rows, op.key, [&](const KvView& entry) {
    if (collector.is_full()) {
      collector.error(op_index, "failed to get tree " + quoted(op.key) +
                                    ", the transaction's results are too large");
      return false;
    }
    collector.result(entry, true);
    return true;
  });
}

void read_one(const ReadRows& rows, const KvOp& op, std::uint64_t op_index, Collector& collector) {
  if (op.verb == KvVerb::get_tree) return read_tree(rows, op, op_index, collector);
  if (op.key.empty()) return collector.error(op_index, "Must provide key");
  const auto entry = find_kv(rows, op.key);
  if (std::string what = failed_check(op, entry); !what.empty()) {
    return collector.error(op_index, std::move(what));
  }
  const bool with_value = op.verb == KvVerb::get || op.verb == KvVerb::get_or_empty;
  if (entry) {
    collector.result(*entry, with_value);
  } else if (op.verb == KvVerb::get_or_empty) {
    collector.result(KvView{.key = op.key}, true);
  }
}

void write_one(Step& step, const KvOp& op, std::uint64_t op_index, Collector& collector) {
  KvRefusal refusal = write_kv(step, op);
  run_removals(step);
  if (!step.pending().empty()) {
    step.pending().clear();  // dropped with the overlay: a transaction has no job
    refusal = KvRefusal::too_many_keys;
  }
  if (refusal != KvRefusal::none) {
    return collector.error(op_index, refused_write(op, refusal));
  }
  if (op.verb == KvVerb::remove || op.verb == KvVerb::remove_cas || is_about_a_tree(op.verb)) {
    return;
  }
  const auto entry = find_kv(step.rows(), op.key);
  CONCLAVE_ASSERT(entry.has_value());
  collector.result(*entry, false);
}

void note(CatalogAnswer answer, std::uint64_t op_index, Collector& collector) {
  if (!answer.has_value()) {
    collector.error(op_index, std::move(answer.error()));
  } else if (shows_something(*answer)) {
    collector.result(std::move(*answer));
  }
}

/// Calls kv(op, place) and catalog(op, place) in the order in which the client wrote them.
template <class Kv, class Catalog>
void visit_in_order(const Txn& txn, Kv kv, Catalog catalog) {
  auto next_kv = txn.ops.begin();
  auto next_catalog = txn.catalog_ops.begin();
  const std::uint64_t size = txn.ops.size() + txn.catalog_ops.size();
  for (std::uint64_t place = 0; place < size; ++place) {
    const bool is_catalog = next_kv == txn.ops.end() ||
                            (next_catalog != txn.catalog_ops.end() && next_catalog->at <= place);
    if (is_catalog) {
      catalog(*next_catalog++, place);
    } else {
      kv(*next_kv++, place);
    }
  }
}

}  // namespace

Outcome apply_txn(const Txn& txn, const ApplyTime& time, Rows& rows, ChangeSet& changes) {
  Overlay overlay(rows);
  Step step(overlay, time);
  Collector collector;
  visit_in_order(
      txn,
      [&](const KvOp& op, std::uint64_t place) {
        if (reads_only(op.verb)) {
          read_one(step.rows(), op, place, collector);
        } else {
          write_one(step, op, place, collector);
        }
      },
      [&](const CatalogOp& op, std::uint64_t place) {
        note(run_catalog(step, op), place, collector);
      });
  const bool failed = collector.has_errors();
  Outcome outcome = std::move(collector).outcome();
  if (failed) {
    outcome.revision = read_meta(rows).revision;
    return outcome;
  }
  outcome = step.finish(std::move(outcome), changes);
  overlay.flush();
  return outcome;
}

bool is_read_only(const Txn& txn) {
  return std::ranges::all_of(txn.ops, [](const KvOp& op) { return reads_only(op.verb); }) &&
         std::ranges::all_of(txn.catalog_ops,
                             [](const CatalogOp& op) { return op.verb == CatalogVerb::get; });
}

Outcome read_txn(const Txn& txn, const ReadRows& rows) {
  CONCLAVE_ASSERT(is_read_only(txn));
  Collector collector;
  visit_in_order(
      txn, [&](const KvOp& op, std::uint64_t place) { read_one(rows, op, place, collector); },
      [&](const CatalogOp& op, std::uint64_t place) {
        note(read_catalog(rows, op), place, collector);
      });
  Outcome outcome = std::move(collector).outcome();
  outcome.revision = read_meta(rows).revision;
  return outcome;
}

}  // namespace conclave::daemon
