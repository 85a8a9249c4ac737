// The cluster's keys: what may be done with them, and how a change reaches the servers. Oracle:
// contract 12 (keyring); texts that Consul has are its memberlist's.

#include "daemon/members/keyring_changes.h"
#include "tests/unit/daemon_members/test_cluster.h"

namespace conclave::daemon {
namespace {

using std::chrono::seconds;
using Wish = KeyringWish;

const std::string old_key(16, 'o');
const std::string new_key(32, 'n');

api::KeyringRecord record(std::uint64_t term, std::uint64_t number, std::vector<std::string> keys) {
  api::KeyringRecord made{.term = term, .number = number};
  for (std::string& key : keys) made.keys.push_back({std::move(key)});
  return made;
}

std::string refusal(const api::KeyringRecord& now, Wish wish, const std::string& key,
                    KeyringHolders holders = {}) {
  const auto next = next_keyring(now, wish, key, holders, 9);
  return next ? (*next ? "changed" : "nothing to do") : next.error().message;
}

TEST(KeyringRules, a_key_is_appended_used_and_removed) {
  const auto installed = next_keyring(record(0, 0, {old_key}), Wish::install, new_key, {}, 3);
  ASSERT_TRUE(installed && *installed);
  EXPECT_EQ(**installed, record(3, 1, {old_key, new_key}));
  const auto used = next_keyring(**installed, Wish::use, new_key, {}, 3);
  ASSERT_TRUE(used && *used);
  EXPECT_EQ(**used, record(3, 2, {new_key, old_key}));
  const auto removed = next_keyring(**used, Wish::remove, old_key, {}, 4);
  ASSERT_TRUE(removed && *removed);
  EXPECT_EQ(**removed, record(4, 1, {new_key}));
  EXPECT_TRUE((*removed)->is_newer_than(**used));
}

TEST(KeyringRules, what_is_so_already_changes_nothing) {
  const auto both = record(3, 2, {new_key, old_key});
  EXPECT_EQ(refusal(both, Wish::install, old_key), "nothing to do");
  EXPECT_EQ(refusal(both, Wish::use, new_key), "nothing to do");
  EXPECT_EQ(refusal(both, Wish::remove, std::string(16, 'x')), "nothing to do");
}

TEST(KeyringRules, nobody_is_left_outside) {
  const auto both = record(3, 2, {new_key, old_key});
  EXPECT_EQ(refusal(both, Wish::use, std::string(16, 'x')), "Requested key is not in the keyring");
  EXPECT_EQ(refusal(both, Wish::remove, new_key), "Removing the primary key is not allowed");
  const KeyringHolders two_of_three{.servers = 3, .holders = 2};
  EXPECT_EQ(refusal(both, Wish::install, std::string(16, 'x'), two_of_three), "changed");
  EXPECT_TRUE(
      refusal(both, Wish::use, old_key, two_of_three).starts_with("2/3 nodes reported success: "));
  EXPECT_TRUE(refusal(both, Wish::remove, old_key, two_of_three)
                  .starts_with("2/3 nodes reported success: "));
  EXPECT_TRUE(refusal(both, Wish::remove, old_key, {.agents_may_lag = true})
                  .starts_with("agents have not heard"));
}

TEST(KeyringRules, a_keyring_has_room_for_sixteen) {
  std::vector<std::string> keys;
  for (char c = 'a'; c < 'a' + 16; ++c) keys.emplace_back(16, c);
  EXPECT_EQ(refusal(record(1, 1, keys), Wish::install, new_key),
            "the keyring is full: remove one of its 16 keys first");
}

/// Three servers, each with its keyring; the first leads.
class KeyringTest : public TestCluster {
 protected:
  void start_three() {
    for (int n = 1; n <= 3; ++n) {
      auto given = options(n);
      given.card.bootstrap = n == 1;
      if (n > 1) given.retry_join = {"10.0.0.1"};
      start(std::move(given));
      add_keyring(n, old_key);
    }
    run(seconds(15));
  }
  void add_keyring(int n, const std::string& configured) {
    TestNode& node = *nodes[static_cast<std::size_t>(n - 1)];
    auto opened = api::ClusterKeyring::open(configured, path(n));
    ASSERT_TRUE(opened) << opened.error().message;
    keyrings[n] = *opened;
    changes[n] = std::make_unique<KeyringChanges>(loop, clock, node, node, node, node, node,
                                                  keyrings[n], node.id());
  }
  std::string path(int n) const { return (directory / ("keyring" + std::to_string(n))).string(); }
  std::string told(Result<void> result) { return result ? "" : result.error().message; }
  std::vector<std::string> keys(int n) { return keyrings[n]->tls()->keys(); }

  std::map<int, std::shared_ptr<api::ClusterKeyring>> keyrings;
  std::map<int, std::unique_ptr<KeyringChanges>> changes;
};

TEST_F(KeyringTest, a_key_is_exchanged_on_all_servers) {
  start_three();
  EXPECT_EQ(told(finish(changes[1]->install_key(new_key))), "");
  for (int n = 1; n <= 3; ++n) EXPECT_EQ(keys(n), (std::vector{old_key, new_key})) << n;
  EXPECT_EQ(told(finish(changes[1]->use_key(new_key))), "");
  for (int n = 1; n <= 3; ++n) EXPECT_EQ(keys(n), (std::vector{new_key, old_key})) << n;
  const KeyringReport both = finish(changes[1]->list_keys());
  EXPECT_EQ(both.keys, (std::map<std::string, std::uint64_t>{{old_key, 3}, {new_key, 3}}));
  EXPECT_EQ(both.primary_keys, (std::map<std::string, std::uint64_t>{{new_key, 3}}));
  EXPECT_EQ(both.servers, 3u);
  EXPECT_EQ(told(finish(changes[1]->remove_key(old_key))), "");
  for (int n = 1; n <= 3; ++n) EXPECT_EQ(keys(n), (std::vector{new_key})) << n;
}

TEST_F(KeyringTest, who_was_away_learns_of_the_key_and_holds_up_its_use_until_then) {
  start_three();
  const auto away = std::move(nodes[2]->handlers[api::exchange_keyring]);
  nodes[2]->handlers.erase(api::exchange_keyring);
  EXPECT_EQ(told(finish(changes[1]->install_key(new_key))),
            "2/3 nodes reported success: the others get the key when they are back");
  EXPECT_TRUE(told(finish(changes[1]->use_key(new_key))).starts_with("2/3 nodes"));
  EXPECT_EQ(finish(changes[1]->list_keys()).messages.size(), 1u);
  EXPECT_EQ(keys(3), (std::vector{old_key}));
  nodes[2]->handlers[api::exchange_keyring] = away;
  changes[3]->start();
  run(seconds(1));
  EXPECT_EQ(keys(3), (std::vector{old_key, new_key})) << "it asks the leader by itself";
  EXPECT_EQ(told(finish(changes[1]->use_key(new_key))), "");
  changes[3]->stop();
}

TEST_F(KeyringTest, a_leader_that_was_away_takes_over_what_the_others_have) {
  start_three();
  const auto decided = record(7, 1, {new_key, old_key});
  ASSERT_TRUE(keyrings[2]->adopt(decided));
  EXPECT_EQ(told(finish(changes[1]->install_key(std::string(16, 'x')))), "");
  EXPECT_EQ(keys(1), (std::vector{new_key, old_key, std::string(16, 'x')}));
  EXPECT_EQ(keys(3), keys(1));
}

TEST_F(KeyringTest, only_a_leader_decides) {
  start_three();
  EXPECT_EQ(told(finish(changes[2]->install_key(new_key))), "No cluster leader");
  EXPECT_EQ(keys(2), (std::vector{old_key}));
}

TEST_F(KeyringTest, what_was_decided_counts_after_a_restart_and_not_the_configuration) {
  start_three();
  ASSERT_EQ(told(finish(changes[1]->install_key(new_key))), "");
  ASSERT_EQ(told(finish(changes[1]->use_key(new_key))), "");
  const api::KeyringRecord before = keyrings[2]->record();
  for (const std::string& configured : {old_key, std::string(), std::string(24, 'c')}) {
    const auto again = api::ClusterKeyring::open(configured, path(2));
    ASSERT_TRUE(again && *again);
    EXPECT_EQ((*again)->record(), before);
  }
  const auto unkept = api::ClusterKeyring::open(old_key, "");
  ASSERT_TRUE(unkept && *unkept);
  EXPECT_EQ((*unkept)->tls()->keys(), (std::vector{old_key}));
  const auto none = api::ClusterKeyring::open("", "");
  ASSERT_TRUE(none);
  EXPECT_EQ(*none, nullptr);
}

TEST_F(KeyringTest, a_damaged_file_is_refused_without_showing_what_is_in_it) {
  ASSERT_TRUE(make_directories(directory.string()));
  for (const char* text : {"", "{}", R"({"Keys":["c2VjcmV0"]})", "[1]"}) {
    ASSERT_TRUE(write_file_atomically(path(1), text));
    const auto opened = api::ClusterKeyring::open(old_key, path(1));
    ASSERT_FALSE(opened) << text;
    EXPECT_TRUE(opened.error().message.starts_with(path(1) + " is not a keyring"));
  }
}

TEST_F(KeyringTest, nobody_takes_what_is_no_keyring) {
  const auto opened = api::ClusterKeyring::open(old_key, "");
  ASSERT_TRUE(opened && *opened);
  api::ClusterKeyring& keyring = **opened;
  EXPECT_FALSE(keyring.adopt(record(9, 1, {})));
  EXPECT_FALSE(keyring.adopt(record(9, 1, {"short"})));
  EXPECT_FALSE(keyring.answer("\xff\xff not a record"));
  const auto older = keyring.adopt(record(0, 0, {new_key}));
  ASSERT_TRUE(older);
  EXPECT_FALSE(*older);
  EXPECT_EQ(keyring.tls()->keys(), (std::vector{old_key}));
}

}  // namespace
}  // namespace conclave::daemon
