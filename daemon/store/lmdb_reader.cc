#include "daemon/store/lmdb_reader.h"

#include <lmdb.h>

#include <vector>

#include "base/run/log.h"
#include "daemon/store/lmdb_rows.h"

namespace conclave::daemon {
namespace {

class Snapshot;

/// Snapshots not in use; shared with those in use, which may outlive the reader.
struct Pool {
  explicit Pool(std::shared_ptr<Environment> of) : environment(std::move(of)) {}
  std::shared_ptr<Environment> environment;
  std::vector<std::unique_ptr<ReadSnapshot::Impl>> idle;
};

class Snapshot final : public ReadSnapshot::Impl {
 public:
  explicit Snapshot(const std::shared_ptr<Environment>& environment)
      : environment_(environment), txn_(environment->begin_read()), rows_(*environment, txn_) {}
  ~Snapshot() override {
    rows_.reading().close_cursors();
    mdb_txn_abort(txn_);
  }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// In use from here to end().
  void begin(std::shared_ptr<Pool> pool) { pool_ = std::move(pool); }

  void renew() {
    if (const int code = mdb_txn_renew(txn_); code != 0) {
      die("store",
          fail_lmdb("renew a read transaction", environment_->directory(), code).error().message);
    }
  }

  const ReadRows& rows() const override { return rows_; }
  AppliedPosition applied() const override { return rows_.reading().position().applied; }

  void end(std::unique_ptr<ReadSnapshot::Impl> self) override {
    if (!pool_) return self.reset();
    rows_.reading().forget_assembled();
    mdb_txn_reset(txn_);
    const std::shared_ptr<Pool> pool = std::move(pool_);
    pool->idle.push_back(std::move(self));
  }

 private:
  std::shared_ptr<Environment> environment_;
  MDB_txn* txn_;
  LmdbReadRows rows_;
  std::shared_ptr<Pool> pool_;
};

class LmdbReader final : public Reader {
 public:
  LmdbReader(std::shared_ptr<CurrentEnvironment> current, std::function<void()> before_open)
      : current_(std::move(current)), before_open_(std::move(before_open)) {
    follow_current();
  }

  ReadSnapshot open() override {
    before_open_();
    if (number_ != current_->number()) follow_current();
    std::unique_ptr<ReadSnapshot::Impl> impl;
    if (pool_->idle.empty()) {
      impl = std::make_unique<Snapshot>(pool_->environment);
    } else {
      impl = std::move(pool_->idle.back());
      pool_->idle.pop_back();
      static_cast<Snapshot&>(*impl).renew();
    }
    static_cast<Snapshot&>(*impl).begin(pool_);
    return ReadSnapshot(std::move(impl));
  }

 private:
  /// The old pool ends with the last of its snapshots.
  void follow_current() {
    auto [environment, number] = current_->get();
    pool_ = std::make_shared<Pool>(std::move(environment));
    number_ = number;
  }

  std::shared_ptr<CurrentEnvironment> current_;
  std::uint64_t number_ = 0;
  std::shared_ptr<Pool> pool_;
  std::function<void()> before_open_;
};

}  // namespace

ReadSnapshot open_detached(const std::shared_ptr<Environment>& environment) {
  return ReadSnapshot(std::make_unique<Snapshot>(environment));
}

std::unique_ptr<Reader> make_lmdb_reader(std::shared_ptr<CurrentEnvironment> current,
                                         std::function<void()> before_open) {
  return std::make_unique<LmdbReader>(std::move(current), std::move(before_open));
}

}  // namespace conclave::daemon
