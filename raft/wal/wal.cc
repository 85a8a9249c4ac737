#include "raft/wal/wal.h"

#include <fmt/format.h>

#include "base/core/assert.h"
#include "base/run/log.h"
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
  opened.wal.reset(new Wal(options, std::move(*writer), main, metrics));
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
  opened.wal.reset(new Wal(options, std::move(*writer), main, metrics));
  return opened;
}

Wal::Wal(const WalOptions& options, LogWriter writer, Loop& main, Metrics& metrics)
    : main_(main),
      writer_(std::move(writer)),
      worker_(options.worker),
      sync_duration_(metrics.histogram("consul.raft.wal.fdatasync",
                                       "Time that one fdatasync of the log takes")),
      bytes_written_(
          metrics.counter("consul.raft.wal.bytes", "Bytes of records written to the log")) {
  if (!worker_) {
    loop_.emplace("wal");
    worker_ = [this](std::function<void()> work) { loop_->post(std::move(work)); };
    thread_ = std::thread([this] { loop_->run(); });
  }
}

Wal::~Wal() {
  *alive_ = false;
  if (!thread_.joinable()) return;
  loop_->post([this] { loop_->stop(); });  // Behind what was asked for before.
  thread_.join();
}

void Wal::write(const HardState* hard_state, std::span<const Entry> entries, Index commit,
                std::function<void()> durable) {
  lay_out(hard_state, entries, commit, std::move(durable));
  worker_([this] { write_batch(); });
}

void Wal::reset(const LogBase& base, const HardState* hard_state, std::span<const Entry> entries,
                Index commit, std::function<void()> durable) {
  lay_out(hard_state, entries, commit, std::move(durable));
  worker_([this, base] { begin_anew(base); });
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

void Wal::write_batch() {
  const std::size_t bytes = batch_.size();
  if (const Result<void> appended = writer_.append(batch_); !appended) die_of(appended.error());
  report_durable(bytes);
}

void Wal::begin_anew(const LogBase& base) {
  const std::size_t bytes = batch_.size();
  if (const Result<void> begun = writer_.reset(base, batch_); !begun) die_of(begun.error());
  report_durable(bytes);
}

void Wal::report_durable(std::size_t bytes) {
  sync_duration_.observe(writer_.last_sync());
  bytes_written_.add(bytes);
  main_.post([alive = alive_, this] {
    if (!*alive) return;
    const std::function<void()> durable = std::exchange(durable_, nullptr);
    durable();
  });
  worker_([this] { after_batch(); });
}

/// While main and the clients think of something new.
void Wal::after_batch() {
  if (const Result<void> filled = writer_.fill_ahead(); !filled) die_of(filled.error());
}

void Wal::release(Index through) {
  worker_([this, through] {
    if (const Result<void> released = writer_.release(through); !released) {
      die_of(released.error());
    }
  });
}

void Wal::die_of(const Error& error) const {
  die("raft", fmt::format("log: {}; this server stops, because what it believed to be written may "
                          "be lost; restart it once there is space and the disk is well",
                          error.message));
}

}  // namespace conclave::raft
