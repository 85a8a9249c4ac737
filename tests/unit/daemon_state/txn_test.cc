// Transactions: contract section 4, trap 19.

#include "daemon/state/txn.h"

#include "daemon/tables/nodes.h"
#include "daemon/tables/services.h"

#include "tests/unit/daemon_state/machine.h"

namespace conclave::daemon {
namespace {

KvOp op(KvVerb verb, std::string key, std::string value = "", std::uint64_t index = 0,
        std::string session = "") {
  return {.verb = verb,
          .key = std::move(key),
          .value = {std::move(value)},
          .index = index,
          .session = std::move(session)};
}

class Txns : public Machine {
 protected:
  Outcome txn(std::vector<KvOp> ops) { return run(Txn{std::move(ops)}); }
};

TEST_F(Txns, operations_run_in_order_and_share_one_revision) {
  const Outcome outcome = txn({op(KvVerb::set, "a", "1"), op(KvVerb::get, "a"),
                               op(KvVerb::set, "a", "2"), op(KvVerb::set, "b", "3")});
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.revision, 2u);
  ASSERT_EQ(outcome.results.size(), 4u);
  EXPECT_EQ(outcome.results[1].value.data, "1");
  for (const api::KvEntry& result : outcome.results) EXPECT_EQ(result.modify_index, 2u);
  EXPECT_EQ(entry("a").value.data, "2");
  EXPECT_EQ(meta().kv_index, 2u);
}

TEST_F(Txns, results_of_writes_and_checks_have_no_value) {
  set("a", "1");
  const Outcome outcome = txn({op(KvVerb::set, "a", "2"), op(KvVerb::check_index, "a", "", 3),
                               op(KvVerb::check_session, "a"), op(KvVerb::cas, "a", "3", 3)});
  ASSERT_TRUE(outcome.done);
  ASSERT_EQ(outcome.results.size(), 4u);
  for (const api::KvEntry& result : outcome.results) EXPECT_EQ(result.value.data, "");
}

TEST_F(Txns, removals_and_check_not_exists_give_no_result) {
  set("a", "1");
  set("t/1", "1");
  set("c", "1");
  const Outcome outcome =
      txn({op(KvVerb::remove, "a"), op(KvVerb::remove_tree, "t/"),
           op(KvVerb::remove_cas, "c", "", 4), op(KvVerb::check_not_exists, "a")});
  EXPECT_TRUE(outcome.done);
  EXPECT_TRUE(outcome.results.empty());
  EXPECT_TRUE(keys().empty());
}

TEST_F(Txns, get_tree_gives_all_and_get_or_empty_an_empty_entry) {
  set("t/1", "x");
  set("t/2", "y");
  const Outcome outcome = txn({op(KvVerb::get_tree, "t/"), op(KvVerb::get_tree, "none/"),
                               op(KvVerb::get_or_empty, "none"), op(KvVerb::get_or_empty, "t/1")});
  ASSERT_TRUE(outcome.done);
  ASSERT_EQ(outcome.results.size(), 4u);
  EXPECT_EQ(outcome.results[0].key, "t/1");
  EXPECT_EQ(outcome.results[1].value.data, "y");
  EXPECT_EQ(outcome.results[2], (api::KvEntry{.key = "none"}));
  EXPECT_EQ(outcome.results[3].value.data, "x");
}

TEST_F(Txns, trap_19_all_errors_are_collected_and_nothing_is_changed) {
  node("n");
  session("s", "n", "release", std::chrono::seconds(15));
  session("u", "n");
  set("a", "1");
  lock("held", "u");
  lock("delayed", "s");
  end("s");
  const std::uint64_t a = entry("a").modify_index;
  const MemoryRows before = rows;
  const struct {
    KvOp operation;
    std::string what;
  } cases[] = {
      {op(KvVerb::cas, "a", "x", 1), "failed to set key \"a\", index is stale"},
      {op(KvVerb::lock, "held", "", 0, "nobody"), "invalid session \"nobody\""},
      {op(KvVerb::lock, "delayed", "", 0, "u"), "failed to lock key \"delayed\" due to lock delay"},
      {op(KvVerb::unlock, "a", "", 0, "u"),
       "failed to unlock key \"a\", lock isn't held, or is held by another session"},
      {op(KvVerb::get, "none"), "key \"none\" doesn't exist"},
      {op(KvVerb::check_index, "a", "", 1),
       "failed index check for key \"a\", current modify index " + std::to_string(a) + " != 1"},
      {op(KvVerb::check_index, "none", "", 1), "failed to check index, key \"none\" doesn't exist"},
      {op(KvVerb::check_session, "held", "", 0, "x"),
       "failed session check for key \"held\", current session \"u\" != \"x\""},
      {op(KvVerb::check_session, "none", "", 0, "x"),
       "failed to check session, key \"none\" doesn't exist"},
      {op(KvVerb::check_not_exists, "a"), "key \"a\" exists"},
      {op(KvVerb::remove_cas, "a", "", 1), "failed to delete key \"a\", index is stale"},
      {op(KvVerb::set, ""), "Must provide key"},
      {op(KvVerb::get, ""), "Must provide key"},
      {op(KvVerb::lock, "a"), "missing session"},
  };
  std::vector<KvOp> ops = {op(KvVerb::set, "fine", "x")};
  for (const auto& c : cases) ops.push_back(c.operation);
  const Outcome outcome = txn(ops);
  EXPECT_FALSE(outcome.done);
  EXPECT_TRUE(outcome.results.empty());
  ASSERT_EQ(outcome.txn_errors.size(), std::size(cases));
  for (std::size_t i = 0; i < std::size(cases); ++i) {
    EXPECT_EQ(outcome.txn_errors[i], (TxnError{i + 1, cases[i].what}));
  }
  EXPECT_EQ(rows, before);
  EXPECT_EQ(changes.revision, 0u);
  EXPECT_TRUE(changes.topics.empty());
}

TEST_F(Txns, lock_that_another_holds_fails) {
  node("n");
  session("s", "n");
  session("t", "n");
  lock("k", "s");
  const Outcome outcome = txn({op(KvVerb::lock, "k", "", 0, "t")});
  ASSERT_EQ(outcome.txn_errors.size(), 1u);
  EXPECT_EQ(outcome.txn_errors[0].what, "failed to lock key \"k\", lock is already held");
}

TEST_F(Txns, lock_and_unlock_follow_the_session) {
  node("n");
  session("s", "n");
  const Outcome locked = txn({op(KvVerb::lock, "k", "v", 0, "s")});
  ASSERT_TRUE(locked.done);
  EXPECT_EQ(locked.results[0].session, "s");
  EXPECT_EQ(locked.results[0].fence, locked.revision);
  EXPECT_TRUE(txn({op(KvVerb::unlock, "k", "w", 0, "s")}).done);
  EXPECT_EQ(entry("k").session, "");
}

TEST_F(Txns, tree_written_in_the_same_transaction_is_removed_too) {
  EXPECT_TRUE(txn({op(KvVerb::set, "t/1", "x"), op(KvVerb::remove_tree, "t/")}).done);
  EXPECT_TRUE(keys().empty());
}

TEST_F(Txns, tree_too_large_for_one_command_is_an_error) {
  for (int i = 0; i < 1000; ++i) set("t/" + std::to_string(i), "x");
  const MemoryRows before = rows;
  const Outcome outcome = txn({op(KvVerb::remove_tree, "t/")});
  ASSERT_EQ(outcome.txn_errors.size(), 1u);
  EXPECT_TRUE(
      outcome.txn_errors[0].what.starts_with("failed to delete tree \"t/\", too many keys"));
  EXPECT_EQ(outcome.job, 0u);
  EXPECT_EQ(rows, before);
}

TEST_F(Txns, results_too_large_are_an_error) {
  for (std::size_t i = 0; i <= txn_results_max; ++i) set("t/" + std::to_string(i), "x");
  const Outcome outcome = txn({op(KvVerb::get_tree, "t/")});
  ASSERT_EQ(outcome.txn_errors.size(), 1u);
  EXPECT_EQ(outcome.txn_errors[0].what,
            "failed to get tree \"t/\", the transaction's results are too large");
}

TEST_F(Txns, transaction_without_effect_changes_nothing) {
  set("a", "1");
  const MemoryRows before = rows;
  EXPECT_TRUE(txn({op(KvVerb::set, "a", "1"), op(KvVerb::get, "a")}).done);
  EXPECT_TRUE(txn({}).done);
  EXPECT_EQ(rows, before);
}

TEST_F(Txns, read_only_ones_are_read_without_the_log) {
  set("a", "1");
  const Txn reading{{op(KvVerb::get, "a"), op(KvVerb::check_not_exists, "b")}};
  EXPECT_TRUE(is_read_only(reading));
  EXPECT_FALSE(is_read_only(Txn{{op(KvVerb::get, "a"), op(KvVerb::set, "a")}}));
  EXPECT_EQ(read_txn(reading, rows), run(reading));
  const Txn failing{{op(KvVerb::get, "none")}};
  EXPECT_EQ(read_txn(failing, rows), run(failing));
}

CatalogOp on_node(CatalogVerb verb, std::uint64_t at, std::string name, std::uint64_t index = 0) {
  return {.verb = verb,
          .at = at,
          .node = api::Node{.node = std::move(name), .address = "10.0.0.2", .modify_index = index}};
}

TEST_F(Txns, catalog_operations_stand_where_the_client_wrote_them) {
  const Outcome outcome = run(
      Txn{.ops = {op(KvVerb::set, "a", "1"), op(KvVerb::get, "a")},
          .catalog_ops = {on_node(CatalogVerb::set, 1, "n"), on_node(CatalogVerb::get, 3, "n")}});
  ASSERT_TRUE(outcome.done);
  EXPECT_EQ(outcome.results.size(), 2u);
  ASSERT_EQ(outcome.catalog_results.size(), 2u);
  EXPECT_EQ(outcome.catalog_results[0].at, 1u);
  EXPECT_EQ(outcome.catalog_results[1].at, 3u);
  EXPECT_EQ(outcome.catalog_results[1].node->modify_index, 2u);
}

TEST_F(Txns, one_error_undoes_keys_and_catalog_alike) {
  node("n");
  const MemoryRows before = rows;
  const Outcome outcome = run(
      Txn{.ops = {op(KvVerb::set, "a", "1")},
          .catalog_ops = {on_node(CatalogVerb::remove, 0, "n"), on_node(CatalogVerb::set, 2, "m"),
                          on_node(CatalogVerb::get, 3, "n")}});
  EXPECT_FALSE(outcome.done);
  EXPECT_EQ(outcome.txn_errors, (std::vector<TxnError>{{3, R"(node "n" doesn't exist)"}}));
  EXPECT_TRUE(outcome.catalog_results.empty());
  EXPECT_EQ(rows, before);
}

TEST_F(Txns, a_removed_node_takes_its_services_checks_and_sessions_along) {
  node("n");
  service("n", "web");
  session("s", "n");
  lock("k", "s");
  const Outcome outcome = run(Txn{.catalog_ops = {on_node(CatalogVerb::remove, 0, "n")}});
  EXPECT_TRUE(outcome.done);
  EXPECT_TRUE(outcome.catalog_results.empty());
  EXPECT_FALSE(find_node(rows, "n"));
  EXPECT_FALSE(find_service(rows, "n", "web"));
  EXPECT_EQ(entry("k").session, "");
}

TEST_F(Txns, cas_of_a_node_needs_its_index_and_zero_means_absent) {
  const auto cas = [&](std::uint64_t index) {
    return run(Txn{.catalog_ops = {on_node(CatalogVerb::cas, 0, "n", index)}}).done;
  };
  EXPECT_FALSE(cas(7));
  EXPECT_TRUE(cas(0));
  EXPECT_FALSE(cas(0));
  EXPECT_TRUE(cas(find_node(rows, "n")->modify_index));
  const auto remove = [&](std::uint64_t index) {
    return run(Txn{.catalog_ops = {on_node(CatalogVerb::remove_cas, 0, "n", index)}}).done;
  };
  EXPECT_FALSE(remove(1));
  EXPECT_TRUE(remove(find_node(rows, "n")->modify_index));
  EXPECT_TRUE(remove(1)) << "what is gone is as it should be";
}

TEST_F(Txns, reading_verb_outside_of_a_transaction_is_an_error) {
  EXPECT_NE(kv(KvVerb::get, "a").error, "");
}

}  // namespace
}  // namespace conclave::daemon
