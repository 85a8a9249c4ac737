// Random commands, applied on two different implementations of Rows: equal rows byte for byte,
// equal outcomes, and index rows that say what a scan of the tables says.

#include <map>
#include <set>

#include "base/core/rng.h"
#include "base/core/text.h"
#include "daemon/state/job.h"
#include "daemon/store/overlay.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/coordinates.h"
#include "daemon/tables/nodes.h"
#include "daemon/tables/prepared_queries.h"
#include "daemon/tables/row.h"
#include "daemon/tables/services.h"
#include "daemon/tables/sessions.h"
#include "daemon/tables/topic_index.h"
#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

/// Few names, so that commands meet each other.
class Author {
 public:
  explicit Author(std::uint64_t seed) : rng_(seed) {}

  Command next() {
    Command command{.body = body()};
    if (rng_.chance(1, 20)) command.request_id = "r" + number(200);
    return command;
  }

 private:
  std::string number(std::uint64_t bound) { return std::to_string(rng_.below(bound)); }
  std::string name(const char* stem, std::uint64_t bound) {
    return (rng_.chance(1, 8) ? std::string(1, static_cast<char>(stem[0] - 'a' + 'A')) : stem) +
           number(bound);
  }
  std::string key() {
    std::string key = "k/" + number(4) + "/" + number(8);
    if (rng_.chance(1, 10)) key += std::string(tail_bytes_max, 'l') + number(3);
    return key;
  }
  std::string status() {
    static constexpr const char* all[] = {"passing", "warning", "critical"};
    return all[rng_.below(3)];
  }

  KvOp kv() {
    KvOp op{.verb = static_cast<KvVerb>(rng_.below(13)), .key = key(), .value = {number(5)}};
    if (rng_.chance(1, 2)) op.index = rng_.below(300);
    op.session = "s" + number(6);
    if (op.verb == KvVerb::remove_tree || op.verb == KvVerb::get_tree) op.key.resize(3);
    return op;
  }

  Register registration() {
    Register command{.node = {.node = name("n", 4), .address = "10.0.0." + number(3)}};
    if (rng_.chance(1, 3)) {
      command.node.id = "11111111-1111-1111-1111-11111111111" + number(5);
    }
    command.skip_node_update = rng_.chance(1, 2);
    if (rng_.chance(1, 2)) {
      command.service = api::NodeService{.id = name("i", 4), .service = name("w", 3)};
      if (rng_.chance(1, 3)) command.service->tags = {"t" + number(2)};
    }
    for (std::uint64_t i = rng_.below(3); i > 0; --i) {
      command.checks.push_back({.check_id = name("c", 5), .status = status()});
      if (rng_.chance(1, 2)) command.checks.back().service_id = name("i", 4);
    }
    return command;
  }

  WriteQuery query() {
    WriteQuery command{.op = static_cast<QueryOp>(rng_.below(3)),
                       .query = {.id = "q" + number(6), .service = {.service = "w"}}};
    if (rng_.chance(2, 3)) command.query.name = name("q", 4);
    if (rng_.chance(1, 3)) command.query.session = "s" + number(6);
    if (rng_.chance(1, 3)) command.query.query_template.type = "name_prefix_match";
    return command;
  }

  CommandBody body() {
    switch (rng_.below(12)) {
      case 0:
      case 1:
      case 2:
        return kv();
      case 3: {
        Txn txn;
        for (std::uint64_t i = rng_.below(5); i > 0; --i) txn.ops.push_back(kv());
        return txn;
      }
      case 4:
      case 5: {
        SessionCreate command{.session = {.id = "s" + number(6), .node = name("n", 4)}};
        if (rng_.chance(1, 2)) command.session.behavior = "delete";
        if (rng_.chance(1, 2)) command.session.lock_delay = std::chrono::seconds(5);
        if (rng_.chance(1, 3)) command.session.node_checks = {name("c", 5)};
        return command;
      }
      case 6:
        return SessionEnd{.id = "s" + number(6)};
      case 7:
      case 8:
      case 9:
        return registration();
      case 10: {
        Deregister command{.node = name("n", 4)};
        if (rng_.chance(1, 2)) command.service_id = name("i", 4);
        if (rng_.chance(1, 2)) command.check_id = name("c", 5);
        return command;
      }
      default:
        break;
    }
    switch (rng_.below(9)) {
      case 0:
        return ReapLockDelays{};
      case 6:
      case 7:
        return query();
      case 8: {
        UpdateCoordinates command;
        for (std::uint64_t i = rng_.below(3); i > 0; --i) {
          command.updates.push_back(
              {.node = name("n", 4), .coord = {.height = static_cast<double>(rng_.below(3))}});
        }
        return command;
      }
      case 4:
        return FireEvent{{.id = "e" + number(300), .name = name("e", 2)}};
      case 1:
        return ReapTombstones{rng_.below(300)};
      case 2:
        return ContinueJob{rng_.below(300)};
      case 3:
        return SetAutopilot{.config = {.min_quorum = rng_.below(3)},
                            .cas = rng_.chance(1, 2),
                            .index = rng_.below(300)};
      default: {
        MemberUpdate command;
        command.member.name = name("n", 4);
        command.member.status = rng_.below(5);
        command.remove = rng_.chance(1, 3);
        return command;
      }
    }
  }

  Rng rng_;
};

/// The rows of a table by key, and how many there are.
std::size_t count(const ReadRows& rows, Table table) {
  std::size_t count = 0;
  rows.scan_prefix(table_key(table),
                   [&](std::string_view, std::string_view) { return ++count > 0; });
  return count;
}

void expect_kv_consistent(const ReadRows& rows, const Meta& meta) {
  std::size_t held = 0;
  std::string last;
  visit_kv(rows, "", [&](const KvView& entry) {
    EXPECT_LT(last, entry.key);
    last = entry.key;
    EXPECT_LE(entry.modify_index, meta.kv_index);
    EXPECT_LE(entry.fence, entry.modify_index);
    if (entry.session.empty()) return true;
    ++held;
    EXPECT_TRUE(rows.get(session_key(entry.session))) << "the holder of a lock lives";
    EXPECT_TRUE(rows.get(kv_by_session_key(entry.session, entry.key)));
    return true;
  });
  EXPECT_EQ(held, count(rows, Table::kv_by_session));
  EXPECT_EQ(count(rows, Table::tombstones), count(rows, Table::tombstone_revisions));
  EXPECT_EQ(count(rows, Table::lock_delays), count(rows, Table::lock_delay_ends));
}

void expect_sessions_consistent(const ReadRows& rows) {
  std::size_t checks = 0;
  visit_sessions(rows, [&](const api::Session& session) {
    EXPECT_TRUE(find_node(rows, session.node));
    EXPECT_TRUE(rows.get(session_by_node_key(session.node, session.id)));
    for (const std::string& check : session.node_checks) {
      ++checks;
      EXPECT_TRUE(rows.get(session_by_check_key(session.node, check, session.id)));
      const auto found = find_check(rows, session.node, check);
      EXPECT_TRUE(found && found->status != "critical");
    }
    return true;
  });
  EXPECT_EQ(count(rows, Table::sessions), count(rows, Table::sessions_by_node));
  EXPECT_EQ(checks, count(rows, Table::sessions_by_check));
}

void expect_catalog_consistent(const ReadRows& rows, const Meta& meta) {
  std::size_t ids = 0;
  std::size_t services = 0;
  std::size_t service_checks = 0;
  std::map<std::string, std::uint64_t> least;  // of each service: its index is no smaller
  visit_nodes(rows, [&](const api::Node& node) {
    EXPECT_LE(node.modify_index, meta.nodes_index);
    EXPECT_GE(node_index(rows, node.node), node.modify_index);
    if (!node.id.empty()) {
      ++ids;
      EXPECT_EQ(find_node_by_id(rows, node.id)->node, node.node);
    }
    visit_node_services(rows, node.node, [&](const api::NodeService& service) {
      ++services;
      EXPECT_TRUE(rows.get(service_by_name_key(service.service, node.node, service.id)));
      std::uint64_t& index = least[to_lower_ascii(service.service)];
      index = std::max({index, service.modify_index, node.modify_index});
      auto newer = [&](const api::HealthCheck& check) {
        index = std::max(index, check.modify_index);
        return true;
      };
      visit_service_checks(rows, node.node, service.id, newer);
      visit_service_checks(rows, node.node, "", newer);
      return true;
    });
    return true;
  });
  visit_checks(rows, [&](const api::HealthCheck& check) {
    EXPECT_LE(check.modify_index, meta.checks_index);
    EXPECT_TRUE(rows.get(check_by_service_key(check.node, check.service_id, check.check_id)));
    EXPECT_TRUE(rows.get(check_by_status_key(check.status, check.node, check.check_id)));
    if (check.service_id.empty()) return true;
    ++service_checks;
    const auto service = find_service(rows, check.node, check.service_id);
    EXPECT_TRUE(service && service->service == check.service_name);
    EXPECT_TRUE(rows.get(check_by_name_key(check.service_name, check.node, check.check_id)));
    return true;
  });
  for (const auto& [name, index] : least) EXPECT_GE(service_index(rows, name), index) << name;
  EXPECT_EQ(ids, count(rows, Table::node_ids));
  EXPECT_EQ(services, count(rows, Table::services));
  EXPECT_EQ(services, count(rows, Table::services_by_name));
  EXPECT_EQ(least.size(), count(rows, Table::service_indexes));
  EXPECT_EQ(count(rows, Table::nodes), count(rows, Table::node_indexes));
  EXPECT_EQ(count(rows, Table::checks), count(rows, Table::checks_by_service));
  EXPECT_EQ(count(rows, Table::checks), count(rows, Table::checks_by_status));
  EXPECT_EQ(service_checks, count(rows, Table::checks_by_name));
}

void expect_queries_consistent(const ReadRows& rows, const Meta& meta) {
  std::size_t named = 0;
  std::size_t bound = 0;
  visit_queries(rows, [&](const api::PreparedQuery& query) {
    EXPECT_LE(query.modify_index, meta.queries_index);
    if (has_name_row(query)) {
      ++named;
      EXPECT_EQ(find_query_name(rows, query.name)->id, query.id);
    }
    if (query.session.empty()) return true;
    ++bound;
    EXPECT_TRUE(rows.get(query_by_session_key(query.session, query.id)));
    EXPECT_TRUE(find_session(rows, query.session));
    return true;
  });
  EXPECT_EQ(named, count(rows, Table::query_names));
  EXPECT_EQ(bound, count(rows, Table::queries_by_session));
}

void expect_consistent(const ReadRows& rows) {
  const Meta meta = read_meta(rows);
  expect_queries_consistent(rows, meta);
  visit_coordinates(rows, [&](const api::NodeCoordinate& one) {
    EXPECT_LE(one.modify_index, meta.coordinates_index);
    EXPECT_TRUE(find_node(rows, one.node));
    return true;
  });
  expect_kv_consistent(rows, meta);
  expect_sessions_consistent(rows);
  expect_catalog_consistent(rows, meta);
  EXPECT_EQ(count(rows, Table::changes), meta.changes_count);
  EXPECT_EQ(count(rows, Table::requests), meta.requests_count);
  EXPECT_EQ(count(rows, Table::request_order), meta.requests_count);
}

class Random : public testing::TestWithParam<std::uint64_t> {};

TEST_P(Random, equal_commands_give_equal_rows_and_consistent_indexes) {
  SCOPED_TRACE(testing::Message() << "seed " << GetParam());
  Author author(GetParam());
  Rng rng(GetParam() + 1000);
  MemoryRows direct;
  MemoryRows below;
  initialise_state(direct);
  initialise_state(below);
  Overlay batch(below);
  ApplyTime time{.cluster_time_ms = 1};
  std::uint64_t revision = 1;
  std::uint64_t fence = 0;
  for (int i = 0; i < 1500; ++i) {
    const Command command = author.next();
    ChangeSet changes;
    ChangeSet changes_of_other;
    const Outcome outcome = apply(command, time, direct, changes);
    ASSERT_EQ(outcome, apply(command, time, batch, changes_of_other));
    ASSERT_EQ(changes.topics, changes_of_other.topics);
    ASSERT_EQ(changes.sessions_ended, changes_of_other.sessions_ended);
    const std::uint64_t now = read_meta(direct).revision;
    ASSERT_EQ(now, changes.revision == 0 ? revision : revision + 1);
    if (outcome.fence == now && now > revision) {
      ASSERT_GT(outcome.fence, fence);
      fence = outcome.fence;
    }
    revision = now;
    time.cluster_time_ms += rng.below(500);
    if (rng.chance(1, 7)) batch.flush();
    if (i % 100 == 0) expect_consistent(direct);
    if (HasFailure()) return;
  }
  batch.flush();
  EXPECT_EQ(direct, below);
  EXPECT_GT(fence, 0u) << "locks were granted";
  expect_consistent(direct);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Random, testing::Range<std::uint64_t>(1, 21));

}  // namespace
}  // namespace conclave::daemon
