#include "raft/wal/wal.h"

#include <fmt/format.h>

#include <cerrno>

#include "base/core/assert.h"
#include "base/run/log.h"
#include "base/run/loop_thread.h"
#include "raft/core/configuration.h"
#include "raft/wal/recovery.h"
#include "raft/wal/segment_files.h"

namespace conclave::raft {
namespace {

/// A buffer that one huge batch has grown is given back.
constexpr std::size_t kept_buffer_bytes_max = 4 << 20;

WriterOptions writer_options(const WalOptions& options) {
  WriterOptions result;
  result.directory = options.directory;
  result.segment_bytes = options.segment_bytes;
  result.fill_bytes = options.fill_bytes;
  return result;
}

void append_entry(std::string& records, const Entry& entry) {
  append_record(records, RecordKind::entry, entry.kind, entry.index, entry.term, entry.payload);
}

/// A log that knows nothing of the snapshot that the state came from begins again after it, with
/// the term and vote that it has.
Result<void> begin_after(const LogBase& installed, LogWriter& writer) {
  log_info("raft", "the log ends before the snapshot that the state is; it begins after entry {}",
           installed.index.value);
  std::string records;
  append_record(records, RecordKind::commit, EntryKind::noop, installed.index, Term{}, {});
  return writer.reset(installed, records);
}

Result<RecoveredLog> recovered_from(LogContents log, Index checkpoint,
                                    const std::optional<LogBase>& installed) {
  RecoveredLog recovered;
  recovered.identity = log.identity;
  recovered.boot_counter = log.summary.boot_counter() + 1;
  recovered.hard_state = log.summary.hard_state();
  recovered.torn = log.torn;
  recovered.was_behind = log.behind_state;
  if (log.behind_state) {
    recovered.base_index = recovered.commit_index = installed->index;
    recovered.base_term = installed->term;
    recovered.configuration = installed->configuration;
    return recovered;
  }
  recovered.base_index = checkpoint;
  recovered.base_term = log.summary.term_at(checkpoint);
  recovered.commit_index =
      std::min(std::max(log.summary.commit_index(), checkpoint), log.summary.last_index());
  recovered.entries = std::move(log.entries);
  if (const auto configuration = log.summary.configuration_at(checkpoint);
      !configuration.bytes.empty()) {
    CONCLAVE_TRY_ASSIGN(recovered.configuration, decode_configuration(configuration.bytes));
  }
  return recovered;
}

}  // namespace

bool Wal::exists(const std::string& directory) {
  const Result<SegmentFiles> files = list_segment_files(directory);
  return files && !files->segments.empty();
}

Result<Wal::Opened> Wal::create(const WalOptions& options, const LogIdentity& identity,
                                std::span<const Entry> first, Loop& main, Metrics& metrics) {
  std::string records;
  for (const Entry& entry : first) append_entry(records, entry);
  Result<LogWriter> writer = LogWriter::create(writer_options(options), identity, records);
  if (!writer) return fail("make the log", writer.error());

  Opened opened;
  opened.recovered.identity = identity;
  opened.recovered.boot_counter = 1;
  opened.recovered.entries.assign(first.begin(), first.end());
  opened.wal.reset(new Wal(options, identity, std::move(*writer), main, metrics));
  return opened;
}

Result<Wal::Opened> Wal::open(const WalOptions& options, Index checkpoint, Loop& main,
                              Metrics& metrics, const std::optional<LogBase>& installed) {
  CONCLAVE_ASSERT(!installed || installed->index == checkpoint);
  Result<LogContents> log = read_log(options.directory, checkpoint, installed);
  if (!log) return fail("open the log", log.error());
  Result<LogWriter> writer = LogWriter::resume(writer_options(options), *log);
  if (!writer) return fail("open the log", writer.error());
  if (log->torn) log_info("raft", "cut an unfinished batch off the end of the log");

  if (log->behind_state) CONCLAVE_TRY(begin_after(*installed, *writer));

  Opened opened;
  CONCLAVE_TRY_ASSIGN(opened.recovered, recovered_from(std::move(*log), checkpoint, installed));
  opened.wal.reset(new Wal(options, opened.recovered.identity, std::move(*writer), main, metrics));
  return opened;
}

Wal::Wal(const WalOptions& options, const LogIdentity& identity, LogWriter writer, Loop& main,
         Metrics& metrics)
    : main_(main),
      writer_(std::move(writer)),
      worker_(options.worker),
      reader_(options.directory, identity),
      write_duration_(metrics.histogram("consul.raft.wal.write",
                                        "Time until one batch of the log is on the disk")),
      bytes_written_(
          metrics.counter("consul.raft.wal.bytes", "Bytes of records written to the log")) {
  if (!worker_) {
    loop_.emplace("wal");
    worker_ = [this](std::function<void()> work) { loop_->post(std::move(work)); };
    async_ = AsyncWrites::create(main);
    thread_ = std::thread([this] { loop_->run(); });
  }
}

Wal::~Wal() {
  *alive_ = false;
  async_.reset();  // Before the blocks that are being written.
  if (reading_thread_.joinable()) {
    reading_loop_->stop();
    reading_thread_.join();
  }
  if (!thread_.joinable()) return;
  loop_->post([this] { loop_->stop(); });  // Behind what was asked for before.
  thread_.join();
}

void Wal::write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
                std::function<void()> durable) {
  lay_out(hard_state, entries, commit, std::move(durable));
  if (begin_batch()) return;
  run_on_thread([this] { return writer_.append(batch_); }, [this] { batch_is_durable(); });
}

void Wal::reset(const LogBase& base, const HardState* hard_state, std::span<const Entry> entries,
                Index commit, std::function<void()> durable) {
  lay_out(hard_state, entries, commit, std::move(durable));
  run_on_thread([this, base] { return writer_.reset(base, batch_); },
                [this] { batch_is_durable(); });
}

/// Not under a batch that was begun: the writer is one for both.
void Wal::release(Index through) {
  if (begun_in_flight_) {
    release_after_batch_ = through;
    return;
  }
  run_on_thread([this, through] { return writer_.release(through); }, [] {});
}

void Wal::read(const EntryRange& range, std::uint64_t bytes_max,
               std::function<void(Result<std::vector<Entry>>)> done) {
  run_beside([this, range, bytes_max, done = std::move(done)] {
    auto entries = std::make_shared<Result<std::vector<Entry>>>(reader_.read(range, bytes_max));
    if (!*entries) {
      log_warn("raft", "log: entries from {} on cannot be read for a follower: {}",
               range.first.value, entries->error().message);
    }
    main_.post([alive = alive_, done, entries] {
      if (*alive) done(std::move(*entries));
    });
  });
}

void Wal::run_beside(std::function<void()> job) {
  if (!loop_) return worker_(std::move(job));
  if (!reading_loop_) {
    reading_loop_.emplace("wal-read");
    reading_thread_ = run_on_own_thread(*reading_loop_);
  }
  reading_loop_->post(std::move(job));
}

void Wal::lay_out(const HardState* hard_state, std::span<const Entry> entries, Index commit,
                  std::function<void()> durable) {
  CONCLAVE_ASSERT_WHY(!durable_, "one batch at a time");
  durable_ = std::move(durable);
  CONCLAVE_ASSERT(durable_ != nullptr);
  if (batch_.capacity() > kept_buffer_bytes_max) batch_ = {};
  batch_.clear();
  if (hard_state != nullptr) {
    append_record(batch_, RecordKind::hard_state, EntryKind::noop, Index{},
                  hard_state->current_term, hard_state->voted_for.value);
  }
  for (const Entry& entry : entries) append_entry(batch_, entry);
  append_record(batch_, RecordKind::commit, EntryKind::noop, commit, Term{}, {});
}

/// Begins to write the batch without a thread; false: it is for the thread.
bool Wal::begin_batch() {
  if (async_ == nullptr || jobs_ > 0) return false;
  const auto write = writer_.begin_append(batch_);
  if (!write) return false;
  begun_in_flight_ = async_->begin(write->file, write->offset, write->blocks,
                                   [this](std::int64_t result) { begun_batch_ended(result); });
  if (!begun_in_flight_) finish_on_thread();
  return true;
}

void Wal::begun_batch_ended(std::int64_t result) {
  begun_in_flight_ = false;
  if (result == static_cast<std::int64_t>(writer_.begun().blocks.size())) {
    writer_.end_append(batch_.size());
    return batch_is_durable();
  }
  // It was cut short, or would have had to wait. Any other error may be one of a sync.
  const bool may_be_repeated = result >= 0 || result == -EAGAIN || result == -EOPNOTSUPP;
  if (!may_be_repeated) {
    die_of(fail_errno("write", writer_.path(), static_cast<int>(-result)).error());
  }
  finish_on_thread();
}

void Wal::finish_on_thread() {
  run_on_thread([this] { return writer_.finish_append(batch_.size()); },
                [this] { batch_is_durable(); });
}

/// The host is told, and may ask for the next batch from within.
void Wal::batch_is_durable() {
  write_duration_.observe(writer_.last_write());
  bytes_written_.add(batch_.size());
  if (const auto through = std::exchange(release_after_batch_, {})) release(*through);
  const std::function<void()> durable = std::exchange(durable_, nullptr);
  const std::shared_ptr<bool> alive = alive_;
  durable();
  if (!*alive) return;
  const bool idle = durable_ == nullptr && jobs_ == 0;
  if (idle && writer_.wants_filling()) {
    run_on_thread([this] { return writer_.fill_ahead(); }, [] {});
  }
}

/// In the order of asking; `then` on main.
void Wal::run_on_thread(std::function<Result<void>()> job, std::function<void()> then) {
  jobs_ += 1;
  worker_([this, job = std::move(job), then = std::move(then)] {
    if (const Result<void> done = job(); !done) die_of(done.error());
    main_.post([alive = alive_, this, then] {
      if (!*alive) return;
      jobs_ -= 1;
      then();
    });
  });
}

void Wal::die_of(const Error& error) const {
  die("raft", fmt::format("log: {}; this server stops, because what it believed to be written may "
                          "be lost; restart it once there is space and the disk is well",
                          error.message));
}

}  // namespace conclave::raft
