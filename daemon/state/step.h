#pragma once

/// One command at work: the rows it may change, the revision its changes are stamped with, and what
/// has to be said about them afterwards. Made by apply(), used by the files beside this one, gone
/// after finish().

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/model/record.h"
#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"
#include "daemon/tables/changes.h"
#include "daemon/tables/jobs.h"
#include "daemon/tables/meta.h"

namespace conclave::daemon {

/// Removals take so many objects at a time.
inline constexpr std::size_t removal_slice = 64;

class Step {
 public:
  /// `rows` are an overlay if the command may still be refused after its first write.
  Step(Rows& rows, const ApplyTime& time);

  const ReadRows& rows() const { return rows_; }
  Meta& meta() { return meta_; }
  std::uint64_t now_ms() const { return time_.cluster_time_ms; }
  /// What this command's changes are stamped with: one more than the present revision.
  std::uint64_t revision() const { return meta_.revision + 1; }

  /// Rows of indexes: no change is recorded for them.
  void put(std::string_view key, std::string_view row);
  void erase(std::string_view key);
  template <class T>
  void put_record(std::string_view key, const T& value) {
    put(key, api::encode_record(value));
  }
  /// Rows of objects: each is a row of the changes table as well.
  void put_object(TopicKind kind, std::string_view name, std::string_view key,
                  std::string_view row);
  void erase_object(TopicKind kind, std::string_view name, std::string_view key);

  /// Wakes those who wait for the topic.
  void touch(TopicKind kind, std::string name = {});
  /// Raises the index of one service or node to this revision, and wakes.
  void bump_service(std::string_view service);
  void bump_node(std::string_view node);
  /// The service has no instance, the node is gone: its index row goes, the extinction index is
  /// now, and who waits is woken.
  void service_extinct(std::string_view service);
  void node_extinct(std::string_view node);
  void session_began(const api::Session& session);
  void session_ended(const std::string& id);
  void removed_key() { changes_.removed_keys = true; }
  void armed_lock_delay() { changes_.armed_lock_delays = true; }

  /// True while one more slice fits into this command's row limit.
  bool has_room() const { return rows_touched_ + unit_rows_max < command_rows_max; }
  /// Removals to be done before the command ends, from the back; what does not fit becomes a job.
  std::vector<Removal>& pending() { return pending_; }

  /// A change of Meta alone also counts.
  void mark_changed() { changed_ = true; }
  bool changed() const { return changed_; }

  /// Ends the command: writes what is pending as a job, trims the changes table, raises the
  /// revision if anything changed, and adds to `changes`.
  Outcome finish(Outcome outcome, ChangeSet& changes);

 private:
  /// More rows than a slice of keys, sessions, or one object of the catalog with its indexes takes.
  static constexpr std::size_t unit_rows_max = removal_slice * 10;

  void record_change(const ChangeRow& change);
  void keep_job(Outcome& outcome);
  void trim_changes();

  Rows& rows_;
  ApplyTime time_;
  Meta meta_;
  ChangeSet changes_;
  std::vector<Removal> pending_;
  std::set<std::string, std::less<>> bumped_;  ///< Index rows that have this revision already.
  std::size_t rows_touched_ = 0;
  std::uint32_t sub_index_ = 0;
  bool changed_ = false;
};

}  // namespace conclave::daemon
