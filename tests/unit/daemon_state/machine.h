#pragma once

/// A state machine on rows in memory, with verbs that read like the story of a test.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/memory_rows.h"
#include "daemon/tables/kv.h"
#include "daemon/tables/meta.h"

namespace conclave::daemon {

class Machine : public testing::Test {
 protected:
  Machine() { initialise_state(rows); }

  Outcome run(CommandBody body, std::string request_id = "") {
    changes = {};
    return apply({.body = std::move(body), .request_id = std::move(request_id)},
                 {.cluster_time_ms = now_ms}, rows, changes);
  }
  /// Goes on with a job until nothing is left; how many commands that took.
  int finish(const Outcome& outcome) {
    int commands = 0;
    for (std::uint64_t job = outcome.job; job != 0; ++commands) job = run(ContinueJob{job}).job;
    return commands;
  }

  Outcome kv(KvVerb verb, std::string key, std::string value = "", std::uint64_t index = 0,
             std::string session = "", std::uint64_t flags = 0) {
    return run(KvOp{.verb = verb,
                    .key = std::move(key),
                    .value = {std::move(value)},
                    .flags = flags,
                    .index = index,
                    .session = std::move(session)});
  }
  Outcome set(std::string key, std::string value) {
    return kv(KvVerb::set, std::move(key), std::move(value));
  }
  Outcome lock(std::string key, std::string session, std::string value = "") {
    return kv(KvVerb::lock, std::move(key), std::move(value), 0, std::move(session));
  }
  Outcome unlock(std::string key, std::string session, std::string value = "") {
    return kv(KvVerb::unlock, std::move(key), std::move(value), 0, std::move(session));
  }

  Outcome node(std::string name, std::string id = "", std::string address = "10.0.0.1") {
    return run(Register{
        .node = {.id = std::move(id), .node = std::move(name), .address = std::move(address)}});
  }
  Outcome service(std::string node, std::string name, std::string id = "",
                  std::vector<std::string> tags = {}) {
    return run(Register{.node = {.node = std::move(node)},
                        .skip_node_update = true,
                        .service = api::NodeService{
                            .id = std::move(id), .service = std::move(name), .tags = tags}});
  }
  Outcome check(std::string node, std::string id, std::string status, std::string service_id = "",
                std::string output = "") {
    return run(Register{.node = {.node = std::move(node)},
                        .skip_node_update = true,
                        .checks = {{.check_id = std::move(id),
                                    .status = std::move(status),
                                    .output = std::move(output),
                                    .service_id = std::move(service_id)}}});
  }
  Outcome session(std::string id, std::string node, std::string behavior = "release",
                  Nanos lock_delay = {}, std::vector<std::string> checks = {}) {
    return run(SessionCreate{.session = {.id = std::move(id),
                                         .node = std::move(node),
                                         .lock_delay = lock_delay,
                                         .behavior = std::move(behavior),
                                         .node_checks = std::move(checks)}});
  }
  Outcome end(std::string id) { return run(SessionEnd{.id = std::move(id)}); }

  /// The entry, or an empty one.
  api::KvEntry entry(std::string_view key) {
    const auto view = find_kv(rows, key);
    return view ? to_entry(*view) : api::KvEntry{};
  }
  bool exists(std::string_view key) { return find_kv(rows, key).has_value(); }
  std::vector<std::string> keys(std::string_view prefix = "") {
    std::vector<std::string> found;
    visit_kv(rows, prefix, [&](const KvView& view) {
      found.emplace_back(view.key);
      return true;
    });
    return found;
  }
  Meta meta() { return read_meta(rows); }
  std::uint64_t revision() { return meta().revision; }
  bool woke(TopicKind kind, std::string name = "") {
    return std::ranges::find(changes.topics, Topic{kind, std::move(name)}) != changes.topics.end();
  }

  MemoryRows rows;
  ChangeSet changes;  ///< Of the last command.
  std::uint64_t now_ms = 1000;
};

}  // namespace conclave::daemon
