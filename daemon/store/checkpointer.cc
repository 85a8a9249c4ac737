#include "daemon/store/checkpointer.h"

#include <fmt/format.h>
#include <lmdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "base/core/assert.h"
#include "base/run/clock.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "daemon/store/lmdb_rows.h"
#include "daemon/store/write_out.h"

namespace conclave::daemon {

CheckpointMutant Checkpointer::mutant;

Checkpointer::Checkpointer(bool sync_full, Worker worker, Loop& main, Metrics& metrics,
                           OpenGeneration& open)
    : main_(main),
      sync_full_(sync_full),
      environment_(open.environment),
      directory_(open.directory),
      generation_(open.number),
      worker_(std::move(worker)),
      pin_(std::exchange(open.pin, nullptr)),
      sequence_(open.checkpoint_sequence),
      duration_(metrics.histogram("consul.store.checkpoint",
                                  "Time from the start of a checkpoint until it is durable")),
      oldest_reader_(metrics.gauge("consul.store.oldest_reader",
                                   "Commits since the oldest read transaction was opened")) {}

Checkpointer::~Checkpointer() {
  *alive_ = false;
  if (new_pin_ != nullptr) mdb_txn_abort(new_pin_);
  if (pin_ != nullptr) mdb_txn_abort(pin_);
}

void Checkpointer::start() {
  if (sync_full_) {  // Every commit is a checkpoint already.
    MDB_txn* txn = environment_->begin_read();
    const AppliedPosition applied = RowReading(*environment_, txn).position().applied;
    mdb_txn_abort(txn);
    main_.post([alive = alive_, this, applied] {
      if (*alive && done) done(applied);
    });
  } else if (in_flight_) {
    wanted_ = true;
  } else {
    begin();
    run_on_worker([this] { write_out(); });
  }
}

/// Step 1: a pin and the meta pages of the same moment.
void Checkpointer::begin() {
  CONCLAVE_ASSERT(!in_flight_ && new_pin_ == nullptr);
  began_ = system_clock().boot_now();
  if (const auto extended = environment_->extend_to_last_page(); !extended) {
    die_of(extended.error());
  }
  new_pin_ = environment_->begin_read();
  std::string pages = environment_->copy_meta_pages();
  const Result<MetaPages> meta = read_meta_pages(pages);
  if (!meta) die_of(meta.error());
  CONCLAVE_ASSERT_WHY(meta->transaction_id == mdb_txn_id(new_pin_),
                      "between two commits the newest meta page is what a new reader sees");
  const Position committed = RowReading(*environment_, new_pin_).position();
  in_flight_ = Checkpoint{.sequence = ++sequence_,
                          .generation = generation_,
                          .transaction_id = meta->transaction_id,
                          .applied = committed.applied,
                          .rows = committed.rows,
                          .state_hash = committed.state_hash,
                          .meta_pages = std::move(pages)};
  if (mutant.drop_pin_first) mdb_txn_abort(std::exchange(pin_, nullptr));
}

/// Step 2, in four parts, so that the explorer can crash between any two.
void Checkpointer::write_out() {
  write_out_pages();
  run_on_worker([this] {
    if (::fdatasync(environment_->data_descriptor()) != 0) {
      die_of(fail_errno("sync", directory_ + "/data.mdb", errno).error());
    }
    run_on_worker([this] { write_file(); });
  });
}

void Checkpointer::write_file() {
  if (const auto written = write_checkpoint(directory_, *in_flight_); !written) {
    die_of(written.error());
  }
  run_on_worker([this] { sync_file(); });
}

void Checkpointer::sync_file() {
  if (const auto synced = sync_checkpoint(directory_, *in_flight_); !synced) {
    die_of(synced.error());
  }
  main_.post([alive = alive_, this, sequence = in_flight_->sequence] {
    if (*alive && in_flight_ && in_flight_->sequence == sequence) finish();
  });
}

/// Step 3: only now may LMDB use the pages again that the previous checkpoint needed.
void Checkpointer::finish() {
  if (pin_ != nullptr) mdb_txn_abort(pin_);
  pin_ = std::exchange(new_pin_, nullptr);
  const AppliedPosition applied = in_flight_->applied;
  in_flight_.reset();
  duration_.observe(system_clock().boot_now() - began_);
  report_oldest_reader();
  if (done) done(applied);
  if (std::exchange(wanted_, false)) start();
}

void Checkpointer::start_write_out() {
  if (sync_full_ || in_flight_ || writing_out_.exchange(true)) return;
  run_on_worker([this] {
    write_out_pages();
    writing_out_ = false;
  });
}

void Checkpointer::write_out_pages() const {
  const int file = environment_->data_descriptor();
  const std::string path = directory_ + "/data.mdb";
  struct stat status{};
  if (::fstat(file, &status) != 0) die_of(fail_errno("find the size of", path, errno).error());
  const auto written = daemon::write_out(file, 0, static_cast<std::uint64_t>(status.st_size), path);
  if (!written) die_of(written.error());
}

void Checkpointer::close() {
  wanted_ = false;
  if (sync_full_) return start();
  worker_ = [](const std::function<void()>& step) { step(); };
  if (in_flight_) {  // Whatever part was done, doing all of it again is right.
    write_out();
    finish();
  }
  begin();
  write_out();
  finish();
}

void Checkpointer::run_on_worker(std::function<void()> step) { worker_(std::move(step)); }

void Checkpointer::retire() {
  wanted_ = false;
  done = nullptr;
}

void Checkpointer::die_of(const Error& error) const {
  die("store", fmt::format("checkpoint: {}; this server stops, because what it believed to be "
                           "written may be lost; restart it once the disk is well",
                           error.message));
}

/// LMDB cannot use pages again that its oldest reader may still look at; the pins are meant to be
/// old and do not count.
void Checkpointer::report_oldest_reader() {
  std::string listing;
  mdb_reader_list(
      environment_->handle(),
      [](const char* line, void* into) {
        static_cast<std::string*>(into)->append(line);
        return 0;
      },
      &listing);
  MDB_envinfo info{};
  mdb_env_info(environment_->handle(), &info);
  const std::uint64_t pinned = pin_ != nullptr ? mdb_txn_id(pin_) : 0;
  std::uint64_t oldest = info.me_last_txnid;
  std::istringstream lines(listing);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::uint64_t process = 0;
    std::string thread;
    std::uint64_t transaction = 0;
    if (words >> process >> thread >> transaction && transaction != pinned) {
      oldest = std::min(oldest, transaction);
    }
  }
  oldest_reader_.set(static_cast<double>(info.me_last_txnid - oldest));
}

}  // namespace conclave::daemon
