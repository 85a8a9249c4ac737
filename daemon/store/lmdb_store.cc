#include <fmt/format.h>
#include <lmdb.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/core/assert.h"
#include "base/run/clock.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "daemon/store/checkpointer.h"
#include "daemon/store/generation.h"
#include "daemon/store/generation_builder.h"
#include "daemon/store/held_rows.h"
#include "daemon/store/lmdb_reader.h"
#include "daemon/store/lmdb_rows.h"
#include "daemon/store/step_thread.h"
#include "daemon/store/store.h"

namespace conclave::daemon {
namespace {

/// Counted for each commit, so that entries without effect reach a checkpoint too.
constexpr std::uint64_t position_bytes = 64;

/// How often dirty pages are handed to the disk between checkpoints: the sync of a checkpoint then
/// finds little left to do and delays commits by 5 ms at worst, against 380 ms (design section 3).
constexpr Nanos write_out_every = std::chrono::milliseconds(50);

class LmdbStore final : public GenerationStore {
 public:
  LmdbStore(const StoreOptions& options, Loop& main, Metrics& metrics, Descriptor lock,
            OpenGeneration open)
      : options_(options),
        lock_(std::move(lock)),
        main_(main),
        metrics_(metrics),
        environment_(open.environment),
        current_(std::make_shared<CurrentEnvironment>(open.environment)),
        generation_(open.number),
        origin_(open.origin),
        position_(open.position),
        timer_(main.context()),
        worker_("checkpoint", options.worker),
        checkpointer_(make_checkpointer(open)),
        commit_duration_(
            metrics.histogram("consul.store.commit", "Time of an LMDB commit without sync")) {}
  ~LmdbStore() override {
    *alive_ = false;
    worker_.stop();
  }

  AppliedPosition applied() const override { return position_.applied; }
  std::unique_ptr<WriteBatch> begin() override;
  std::unique_ptr<Reader> make_reader() override;

  void lead(bool leads) override { leads_ = leads; }

  void on_checkpoint(std::function<void(AppliedPosition)> done) override {
    checkpointer_->done = std::move(done);
  }
  void start_checkpoint() override {
    finish_transaction();
    bytes_since_checkpoint_ = 0;
    checkpointer_->start();
  }

  Frozen freeze() override;
  std::optional<Origin> origin() const override {
    return origin_ && origin_->applied == position_.applied ? origin_ : std::nullopt;
  }
  Result<std::unique_ptr<GenerationBuilder>> begin_generation() override {
    return GenerationBuilder::begin(options_, generation_ + 1);
  }
  void adopt(OpenGeneration generation) override;

  void close() override;
  Usage usage() const override;

 private:
  class Batch;

  /// The write transaction that batches fill.
  struct Transaction {
    Transaction(const Environment& environment, MDB_txn* begun, const Position& before)
        : txn(begun), rows(environment, begun, before) {}
    ~Transaction() {
      rows.close_cursors();
      if (txn != nullptr) mdb_txn_abort(txn);
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;

    MDB_txn* txn;
    LmdbRows rows;
    HeldRows held{rows};
    bool has_batches = false;  ///< Batches that are committed as far as their writers know.
  };

  void batch_committed();
  void finish_transaction();
  void checkpoint_when_due();
  void arm_timer();
  std::unique_ptr<Checkpointer> make_checkpointer(OpenGeneration& open) {
    return std::make_unique<Checkpointer>(
        options_.sync_full, [this](std::function<void()> step) { worker_.post(std::move(step)); },
        main_, metrics_, open);
  }
  void bury_retired();

  const StoreOptions options_;
  const Descriptor lock_;
  Loop& main_;
  Metrics& metrics_;
  std::shared_ptr<Environment> environment_;
  const std::shared_ptr<CurrentEnvironment> current_;  ///< The same, for readers.
  std::atomic<std::uint64_t> generation_;
  std::optional<Origin> origin_;
  Position position_;
  std::unique_ptr<Transaction> transaction_;
  bool batch_open_ = false;
  bool closed_ = false;

  std::uint64_t bytes_since_checkpoint_ = 0;
  Nanos last_write_out_{};
  bool timer_armed_ = false;
  bool leads_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>, Executor>
      timer_;

  StepThread worker_;
  std::unique_ptr<Checkpointer> checkpointer_;
  std::vector<std::unique_ptr<Checkpointer>> retired_;  ///< With a step under way.
  Histogram& commit_duration_;
};

class LmdbStore::Batch final : public WriteBatch {
 public:
  explicit Batch(LmdbStore& store) : store_(store) { store_.batch_open_ = true; }
  ~Batch() override {
    store_.batch_open_ = false;
    if (committed_) return;
    CONCLAVE_ASSERT_WHY(!store_.transaction_->has_batches,
                        "a batch that shares its transaction with others is committed");
    store_.transaction_.reset();
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  Rows& rows() override { return store_.transaction_->held; }

  void commit(AppliedPosition applied) override {
    CONCLAVE_ASSERT_WHY(!committed_, "a batch is committed once");
    CONCLAVE_ASSERT_WHY(applied.index >= store_.position_.applied.index,
                        "the applied index never goes back");
    committed_ = true;
    store_.position_.applied = applied;
    store_.batch_committed();
  }

 private:
  LmdbStore& store_;
  bool committed_ = false;
};

std::unique_ptr<WriteBatch> LmdbStore::begin() {
  CONCLAVE_ASSERT_WHY(!batch_open_, "LMDB has one write transaction at a time");
  CONCLAVE_ASSERT(!closed_);
  if (!transaction_) {
    MDB_txn* txn = nullptr;
    if (const int code = mdb_txn_begin(environment_->handle(), nullptr, 0, &txn); code != 0) {
      die("store",
          fail_lmdb("begin a write transaction", environment_->directory(), code).error().message);
    }
    transaction_ = std::make_unique<Transaction>(*environment_, txn, position_);
  }
  return std::make_unique<Batch>(*this);
}

std::unique_ptr<Reader> LmdbStore::make_reader() {
  if (options_.shared_commit_bytes == 0) return make_lmdb_reader(current_, [] {});
  return make_lmdb_reader(current_, [this, alive = alive_] {
    CONCLAVE_ASSERT_WHY(*alive, "the store outlives those who read it");
    finish_transaction();
  });
}

void LmdbStore::batch_committed() {
  transaction_->has_batches = true;
  std::uint64_t bytes_max = options_.shared_commit_bytes;
  if (leads_) bytes_max = std::min(bytes_max, options_.leader_commit_bytes);
  const bool shared = transaction_->rows.bytes_written() < bytes_max;
  if (shared) return arm_timer();
  batch_open_ = false;
  finish_transaction();
  checkpoint_when_due();
}

/// Makes what batches wrote visible to snapshots and to the next checkpoint.
void LmdbStore::finish_transaction() {
  if (!transaction_) return;
  CONCLAVE_ASSERT_WHY(!batch_open_, "nobody reads or takes a checkpoint inside a batch");
  const std::unique_ptr<Transaction> ending = std::move(transaction_);
  const Nanos began = system_clock().boot_now();
  ending->held.flush();
  position_ = ending->rows.finish(position_.applied);
  if (const int code = mdb_txn_commit(std::exchange(ending->txn, nullptr)); code != 0) {
    const auto error = fail_lmdb("commit the state", environment_->directory(), code);
    die("store", error.error().message +
                     "; this server stops; restart it once there is space and the disk is well");
  }
  commit_duration_.observe(system_clock().boot_now() - began);
  bytes_since_checkpoint_ += ending->rows.bytes_written() + position_bytes;
  arm_timer();
}

void LmdbStore::checkpoint_when_due() {
  if (bytes_since_checkpoint_ >= options_.checkpoint_bytes) start_checkpoint();
  const Nanos now = system_clock().boot_now();
  if (now - last_write_out_ >= write_out_every) {
    last_write_out_ = now;
    checkpointer_->start_write_out();
  }
}

/// Armed by a commit and not again before it has fired: an idle server takes no checkpoints.
void LmdbStore::arm_timer() {
  if (timer_armed_ || options_.checkpoint_ms == 0) return;
  timer_armed_ = true;
  timer_.expires_after(std::chrono::milliseconds(options_.checkpoint_ms));
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!*alive) return;
    timer_armed_ = false;
    if (error || closed_) return;
    finish_transaction();
    if (bytes_since_checkpoint_ > 0) start_checkpoint();
  });
}

void LmdbStore::close() {
  if (closed_) return;
  finish_transaction();
  closed_ = true;
  timer_.cancel();
  worker_.stop();
  checkpointer_->close();
}

GenerationStore::Frozen LmdbStore::freeze() {
  finish_transaction();
  return {.snapshot = open_detached(environment_),
          .applied = position_.applied,
          .rows = position_.rows,
          .state_hash = position_.state_hash};
}

void LmdbStore::adopt(OpenGeneration generation) {
  CONCLAVE_ASSERT_WHY(!batch_open_, "nothing is applied while a generation takes its place");
  CONCLAVE_ASSERT_WHY(generation.position.applied.index >= position_.applied.index,
                      "the applied index never goes back");
  CONCLAVE_ASSERT(!closed_);
  finish_transaction();
  environment_->remove_at_end();
  auto done = std::move(checkpointer_->done);
  checkpointer_->retire();
  retired_.push_back(std::move(checkpointer_));

  environment_ = generation.environment;
  generation_ = generation.number;
  origin_ = generation.origin;
  position_ = generation.position;
  bytes_since_checkpoint_ = 0;
  checkpointer_ = make_checkpointer(generation);
  checkpointer_->done = std::move(done);
  current_->replace(environment_);
  log_info("store", "generation {} of {} rows takes over at index {}", generation.number,
           position_.rows, position_.applied.index);
  bury_retired();
}

/// When the worker has come to the end of what they gave it.
void LmdbStore::bury_retired() {
  worker_.post([this, alive = alive_] {
    main_.post([this, alive] {
      if (!*alive) return;
      std::erase_if(retired_, [](const auto& one) { return one->is_idle(); });
      if (!retired_.empty()) bury_retired();
    });
  });
}

Store::Usage LmdbStore::usage() const {
  Usage usage;
  usage.rows = position_.rows;
  usage.state_hash = position_.state_hash;
  MDB_txn* txn = environment_->begin_read();
  for (const unsigned database :
       {environment_->rows(), environment_->chunks(), environment_->meta()}) {
    MDB_stat stat{};
    if (mdb_stat(txn, database, &stat) == 0) {
      usage.data_bytes += (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) *
                          std::uint64_t{stat.ms_psize};
    }
  }
  mdb_txn_abort(txn);
  MDB_envinfo info{};
  mdb_env_info(environment_->handle(), &info);
  usage.file_bytes = (info.me_last_pgno + 1) * lmdb_page_bytes;
  usage.disk_free_bytes = free_disk_bytes(options_.directory).value_or(0);
  return usage;
}

}  // namespace

Result<std::unique_ptr<GenerationStore>> Store::open(const StoreOptions& options, Loop& main,
                                                     Metrics& metrics) {
  CONCLAVE_TRY(make_directories(options.directory));
  CONCLAVE_TRY_ASSIGN(Descriptor lock, lock_file(options.directory + "/lock"));
  Result<OpenGeneration> open = open_generation(options);
  if (!open) return fail("open the state", open.error());
  log_info("store", "state of {} rows opened at index {}, generation {}", open->position.rows,
           open->position.applied.index, open->number);
  return std::make_unique<LmdbStore>(options, main, metrics, std::move(lock), std::move(*open));
}

}  // namespace conclave::daemon
