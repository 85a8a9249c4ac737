/// Restore commands: held back while the restorer works, told to everybody when it is done.

#include "daemon/tables/meta.h"
#include "tests/unit/daemon_replica/fixture.h"

namespace conclave::daemon {
namespace {

const std::string some_id(64, 'a');

/// Puts one key in the place of the state, when the test says so.
class FakeRestorer : public Restorer {
 public:
  explicit FakeRestorer(FakeStore& store) : store_(store) {}
  void restore(const Restore& what, AppliedPosition position, std::uint64_t,
               std::function<void()> done) override {
    EXPECT_EQ(what.sha256, some_id);
    ++begun;
    finish = [this, position, done = std::move(done)] {
      const auto batch = store_.begin();
      Meta meta = read_meta(batch->rows());
      meta.revision += 1000;
      batch->rows().put(meta_key(), api::encode_record(meta));
      batch->commit(position);
      done();
    };
  }
  int begun = 0;
  std::function<void()> finish;

 private:
  FakeStore& store_;
};

Command restore_command() {
  return {.body = Restore{.sha256 = some_id, .size = 9}, .request_id = {}};
}

class ReplicaRestoreTest : public ReplicaTest {
 protected:
  void start_with_restorer() {
    make_replica();
    replica->set_restorer(restorer);
    start_host();
    settle();
    ASSERT_TRUE(replica->leader().is_leader);
  }
  FakeRestorer restorer{store};
};

TEST_F(ReplicaRestoreTest, is_alone_in_its_entry) {
  start_with_restorer();
  propose(set_key("before"));
  propose(restore_command());
  propose(set_key("after"));
  settle();
  std::vector<std::size_t> sizes;
  for (const raft::Entry& entry : log.written) {
    if (entry.kind != raft::EntryKind::command) continue;
    sizes.push_back(api::decode_record<EntryPayload>(entry.payload)->commands.size());
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{1, 1, 1}));
}

TEST_F(ReplicaRestoreTest, nothing_is_applied_before_it_is_done) {
  start_with_restorer();
  const Answer before = propose(set_key("before"));
  const Answer restored = propose(restore_command());
  const Answer after = propose(set_key("after"));
  settle();
  EXPECT_TRUE(*before);
  EXPECT_FALSE(*restored);
  EXPECT_FALSE(*after);
  EXPECT_EQ(restorer.begun, 1);
  EXPECT_TRUE(replica->leader().is_leader);
  const std::uint64_t applied = store.applied().index;
  wait(std::chrono::seconds(3));
  EXPECT_EQ(store.applied().index, applied);
  EXPECT_EQ(restorer.begun, 1) << "asked for once";

  changes.clear();
  restorer.finish();
  settle();
  ASSERT_TRUE(*restored && (*restored)->has_value());
  EXPECT_TRUE((**restored)->done);
  EXPECT_GE((**restored)->revision, 1000u);
  ASSERT_FALSE(changes.empty());
  EXPECT_TRUE(changes.front()->is_restore());
  EXPECT_EQ(changes.front()->revision, (**restored)->revision);
  ASSERT_TRUE(*after && (*after)->has_value());
  EXPECT_EQ((**after)->revision, (**restored)->revision + 1);
}

TEST_F(ReplicaRestoreTest, reads_of_what_was_before_go_on) {
  start_with_restorer();
  propose(restore_command());
  settle();
  const Permit permit = read(Consistency::standard);
  settle();
  EXPECT_TRUE(*permit && (*permit)->has_value());
  restorer.finish();
  settle();
}

TEST_F(ReplicaRestoreTest, a_state_that_was_replaced_wakes_everybody) {
  start_with_restorer();
  propose(set_key("a"));
  settle();
  changes.clear();
  replica->state_replaced();
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_TRUE(changes[0]->is_restore());
  EXPECT_EQ(changes[0]->revision, 2u);
}

}  // namespace
}  // namespace conclave::daemon
