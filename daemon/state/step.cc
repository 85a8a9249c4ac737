#include "daemon/state/step.h"

#include <utility>

#include "base/core/text.h"
#include "daemon/tables/key.h"
#include "daemon/tables/topic_index.h"

namespace conclave::daemon {
namespace {

/// Changes are trimmed this many at a time, so that the front is looked up once for all of them.
constexpr std::uint64_t trim_slack = 64;
/// And no more than this beyond what the command itself added.
constexpr std::uint64_t trim_extra_max = 256;

void append(ChangeSet& to, ChangeSet from) {
  to.revision = from.revision;
  auto move_all = [](auto& target, auto& source) {
    target.insert(target.end(), std::make_move_iterator(source.begin()),
                  std::make_move_iterator(source.end()));
  };
  move_all(to.topics, from.topics);
  move_all(to.sessions_began, from.sessions_began);
  move_all(to.sessions_ended, from.sessions_ended);
  to.removed_keys |= from.removed_keys;
  to.armed_lock_delays |= from.armed_lock_delays;
}

}  // namespace

Step::Step(Rows& rows, const ApplyTime& time) : rows_(rows), time_(time), meta_(read_meta(rows)) {}

void Step::put(std::string_view key, std::string_view row) {
  rows_.put(key, row);
  ++rows_touched_;
  changed_ = true;
}

void Step::erase(std::string_view key) {
  rows_.erase(key);
  ++rows_touched_;
  changed_ = true;
}

void Step::put_object(TopicKind kind, std::string_view name, std::string_view key,
                      std::string_view row) {
  put(key, row);
  record_change({.topic = static_cast<std::uint64_t>(kind),
                 .op = ChangeOp::put,
                 .name = name,
                 .key = key,
                 .row = row});
}

void Step::erase_object(TopicKind kind, std::string_view name, std::string_view key) {
  erase(key);
  record_change({.topic = static_cast<std::uint64_t>(kind),
                 .op = ChangeOp::erase,
                 .name = name,
                 .key = key,
                 .row = {}});
}

void Step::record_change(const ChangeRow& change) {
  const std::string key = change_key(revision(), sub_index_++);
  const std::string row = api::encode_record(change);
  rows_.put(key, row);
  rows_touched_ += 2;  // this one, and sooner or later the one that is trimmed for it
  ++meta_.changes_count;
  meta_.changes_bytes += key.size() + row.size();
}

void Step::touch(TopicKind kind, std::string name) {
  changes_.topics.push_back({kind, std::move(name)});
}

void Step::bump_service(std::string_view service) {
  std::string key = service_index_key(service);
  if (bumped_.contains(key)) return;
  put_record(key, IndexRow{revision()});
  bumped_.insert(std::move(key));
  touch(TopicKind::service, to_lower_ascii(service));
}

void Step::bump_node(std::string_view node) {
  std::string key = node_index_key(node);
  if (bumped_.contains(key)) return;
  put_record(key, IndexRow{revision()});
  bumped_.insert(std::move(key));
  touch(TopicKind::node, to_lower_ascii(node));
}

void Step::service_extinct(std::string_view service) {
  const std::string key = service_index_key(service);
  erase(key);
  bumped_.erase(key);
  meta_.service_extinction_index = revision();
  touch(TopicKind::service, to_lower_ascii(service));
}

void Step::node_extinct(std::string_view node) {
  const std::string key = node_index_key(node);
  erase(key);
  bumped_.erase(key);
  meta_.node_extinction_index = revision();
  touch(TopicKind::node, to_lower_ascii(node));
}

void Step::session_began(const api::Session& session) {
  changes_.sessions_began.push_back({session.id, session.ttl});
}

void Step::session_ended(const std::string& id) { changes_.sessions_ended.push_back(id); }

void Step::keep_job(Outcome& outcome) {
  if (pending_.empty()) return;
  const JobRow job{.id = revision(), .removals = std::move(pending_)};
  put_record(job_key(job.id), job);
  outcome.job = job.id;
}

void Step::trim_changes() {
  auto over = [&](std::uint64_t slack_count, std::uint64_t slack_bytes) {
    return meta_.changes_count > changes_count_max + slack_count ||
           meta_.changes_bytes > changes_bytes_max + slack_bytes;
  };
  if (!over(trim_slack, changes_bytes_max / 64)) return;
  std::vector<std::string> oldest;
  rows_.scan_prefix(table_key(Table::changes), [&](std::string_view key, std::string_view row) {
    if (!over(0, 0) || oldest.size() >= sub_index_ + trim_extra_max) return false;
    // A command's own changes are not trimmed by it.
    if (change_revision(key) == revision()) return false;
    --meta_.changes_count;
    meta_.changes_bytes -= key.size() + row.size();
    meta_.changes_floor = change_revision(key);
    oldest.emplace_back(key);
    return true;
  });
  for (const std::string& key : oldest) rows_.erase(key);
}

Outcome Step::finish(Outcome outcome, ChangeSet& changes) {
  keep_job(outcome);
  if (changed_) {
    trim_changes();
    ++meta_.revision;
    rows_.put(meta_key(), api::encode_record(meta_));
    changes_.revision = meta_.revision;
    append(changes, std::move(changes_));
  }
  outcome.revision = meta_.revision;
  return outcome;
}

}  // namespace conclave::daemon
