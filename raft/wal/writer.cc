#include "raft/wal/writer.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/core/assert.h"
#include "base/run/clock.h"
#include "raft/core/configuration.h"
#include "raft/wal/segment_files.h"

namespace conclave::raft {
namespace {

/// What is begun must not hold up who begins it: to hand so much to the disk takes well below a
/// millisecond.
constexpr std::size_t begun_bytes_max = 256 << 10;

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

std::string boot_record(std::uint64_t counter) {
  std::string records;
  append_record(records, RecordKind::boot, EntryKind::noop, Index{counter}, Term{}, {});
  return records;
}

/// What a log amounts to that begins after `base`.
SegmentHeader header_after(const LogBase& base, const HardState& hard_state,
                           std::uint64_t boot_counter) {
  SegmentHeader header;
  header.boot_counter = boot_counter;
  header.previous_index = header.configuration_index = header.commit_index = base.index;
  header.previous_term = base.term;
  header.hard_state = hard_state;
  header.configuration = encode_configuration(base.configuration);
  return header;
}

}  // namespace

Result<LogWriter> LogWriter::create(WriterOptions options, const LogIdentity& identity,
                                    std::string first) {
  CONCLAVE_TRY_ASSIGN(LogWriter writer, prepare(std::move(options), identity));
  append_record(first, RecordKind::commit, EntryKind::noop, Index{}, Term{}, {});
  CONCLAVE_TRY(writer.write_first(boot_record(1) + first));
  return writer;
}

Result<LogWriter> LogWriter::create_after(WriterOptions options, const LogIdentity& identity,
                                          const LogBase& base, const HardState& hard_state) {
  CONCLAVE_TRY_ASSIGN(LogWriter writer, prepare(std::move(options), identity));
  writer.summary_ = LogSummary(header_after(base, hard_state, 0));
  std::string records = boot_record(1);
  append_record(records, RecordKind::commit, EntryKind::noop, base.index, Term{}, {});
  CONCLAVE_TRY(writer.write_first(std::move(records)));
  return writer;
}

Result<LogWriter> LogWriter::prepare(WriterOptions options, const LogIdentity& identity) {
  CONCLAVE_TRY(make_directories(options.directory));
  CONCLAVE_TRY_ASSIGN(const SegmentFiles files, list_segment_files(options.directory));
  if (!files.segments.empty()) {
    return fail(ErrorCode::exists, "there is a log in " + options.directory + " already");
  }
  for (const std::string& path : files.leftovers) CONCLAVE_TRY(remove_file(path));
  LogWriter writer(std::move(options));
  writer.identity_ = identity;
  return writer;
}

/// The first batch is in the file before the file has its name: a log is never seen without it.
Result<void> LogWriter::write_first(std::string records) {
  const std::string path = new_segment_path(options_.directory, 1);
  CONCLAVE_TRY(begin_segment(path, records.size()));
  CONCLAVE_TRY(write_batch(records));
  return publish(path);
}

Result<LogWriter> LogWriter::resume(WriterOptions options, const LogContents& log) {
  LogWriter writer(std::move(options));
  writer.identity_ = log.identity;
  writer.summary_ = log.summary;
  writer.segments_ = log.segments;
  writer.last_batch_ = log.last_batch;
  CONCLAVE_TRY_ASSIGN(SegmentFiles files, list_segment_files(writer.options_.directory));
  for (const std::string& path : files.leftovers) CONCLAVE_TRY(remove_file(path));
  writer.spares_ = std::move(files.spares);
  if (!log.superseded.empty()) {
    // A process that was killed may not have synced the name of the segment that takes their place.
    CONCLAVE_TRY(sync_directory(writer.options_.directory));
    for (const std::uint64_t id : log.superseded) CONCLAVE_TRY(writer.drop_segment(id));
  }

  CONCLAVE_TRY(writer.open_last(log));
  std::string records = boot_record(log.summary.boot_counter() + 1);
  append_record(records, RecordKind::commit, EntryKind::noop, log.summary.commit_index(), Term{},
                {});
  CONCLAVE_TRY(writer.append(records));
  return writer;
}

/// Rest zeroed, so that no record of a batch that was cut can ever be taken for one of a batch to
/// come. Synced in any case: a process that was killed may have left the last batch in the page
/// cache only, and the next sync may be that of another segment.
Result<void> LogWriter::open_last(const LogContents& log) {
  CONCLAVE_TRY_ASSIGN(file_, OpenSegment::open(path()));
  capacity_ = std::max(options_.segment_bytes, file_.filled());
  seed_ = checksum_seed(identity_, segments_.back().id);
  CONCLAVE_TRY(file_.go_to(log.end));
  return file_.zero_rest();
}

Result<void> LogWriter::append(std::string& records) {
  replace_from_first_entry(records);
  if (file_.end() + records.size() > capacity_) CONCLAVE_TRY(roll(records.size()));
  return write_batch(records);
}

std::optional<OpenSegment::Write> LogWriter::begin_append(std::string& records) {
  replace_from_first_entry(records);
  const std::uint64_t end = file_.end() + records.size();
  if (!file_.direct() || end > std::min(file_.filled(), capacity_)) return std::nullopt;
  if (records.size() > begun_bytes_max) return std::nullopt;
  seal(records);
  return lay_out(records);
}

Result<void> LogWriter::finish_append(std::size_t bytes) {
  CONCLAVE_TRY(file_.write(begun_));
  end_append(bytes);
  return {};
}

void LogWriter::end_append(std::size_t bytes) {
  file_.appended(bytes);
  last_batch_ += 1;
  last_write_ = system_clock().boot_now() - began_;
}

/// Precedes entries that take the place of others by the record that removes these.
void LogWriter::replace_from_first_entry(std::string& records) const {
  const Record first = read_unsealed(records, 0);
  const std::size_t entry_at = first.kind == RecordKind::hard_state ? first.end : 0;
  const Record record = read_unsealed(records, entry_at);
  if (record.kind != RecordKind::entry || record.index > summary_.last_index()) return;
  const Index keep = previous(record.index);
  CONCLAVE_ASSERT_WHY(keep >= summary_.commit_index(), "committed entries are never replaced");
  std::string cut;
  append_record(cut, RecordKind::truncate, EntryKind::noop, keep, summary_.term_at(keep),
                summary_.truncate_payload(keep));
  records.insert(0, cut);
}

const OpenSegment::Write& LogWriter::lay_out(std::string_view records) {
  began_ = system_clock().boot_now();
  return begun_ = file_.lay_out(records);
}

void LogWriter::seal(std::string& records) {
  seal_records(records, last_batch_ + 1, seed_);
  take_up(records);
}

Result<void> LogWriter::write_batch(std::string& records) {
  const std::uint64_t end = file_.end() + records.size();
  CONCLAVE_ASSERT(end <= capacity_);
  seal(records);
  if (end > file_.filled()) CONCLAVE_TRY(file_.fill_to(fill_target(end)));
  lay_out(records);
  return finish_append(records.size());
}

/// How far to write zeros so that a batch that ends at `end` lands on them.
std::uint64_t LogWriter::fill_target(std::uint64_t end) const {
  return std::max(end, std::min(capacity_, round_up(end, options_.fill_bytes)));
}

void LogWriter::take_up(std::string_view records) {
  for (std::size_t at = 0; at < records.size();) {
    const Record record = read_unsealed(records, at);
    const Result<void> added = summary_.add(record);
    CONCLAVE_ASSERT_WHY(added.has_value(), "the host's entries are contiguous");
    if (record.kind == RecordKind::entry) {
      SegmentExtent& segment = segments_.back();
      segment.largest_index = std::max(segment.largest_index, record.index);
    }
    at = record.end;
  }
}

/// A file to become the next segment.
std::string LogWriter::take_segment_file() {
  std::string path = new_segment_path(options_.directory, segments_.back().id + 1);
  if (!spares_.empty()) {
    path = std::move(spares_.back());
    spares_.pop_back();
  }
  return path;
}

/// Goes on in a new segment. All batches of the old one are durable, which recovery relies on.
Result<void> LogWriter::roll(std::size_t batch_bytes) {
  const std::string path = take_segment_file();
  CONCLAVE_TRY(begin_segment(path, batch_bytes));
  return publish(path);
}

Result<void> LogWriter::reset(const LogBase& base, std::string& records) {
  summary_ = LogSummary(header_after(base, summary_.hard_state(), summary_.boot_counter()));

  const std::size_t superseded = segments_.size();
  const std::string path = take_segment_file();
  CONCLAVE_TRY(begin_segment(path, records.size(), true));
  CONCLAVE_TRY(write_batch(records));
  CONCLAVE_TRY(publish(path));
  for (std::size_t i = 0; i < superseded; ++i) CONCLAVE_TRY(drop_segment(segments_[i].id));
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(superseded));
  return {};
}

/// Makes the file at `path`, new or spare, the segment that is written to; it does not have its
/// name yet.
Result<void> LogWriter::begin_segment(const std::string& path, std::size_t batch_bytes,
                                      bool begins_anew) {
  SegmentHeader header = summary_.header();
  header.identity = identity_;
  header.segment_id = segments_.empty() ? 1 : segments_.back().id + 1;
  header.first_batch = last_batch_ + 1;
  header.begins_anew = begins_anew;
  const std::string bytes = encode_header(header);

  CONCLAVE_TRY_ASSIGN(file_, OpenSegment::open(path));
  capacity_ = std::max({options_.segment_bytes, file_.filled(),
                        round_up(bytes.size() + batch_bytes, header_step_bytes)});
  CONCLAVE_TRY(file_.append(bytes));
  segments_.push_back({header.segment_id, header.previous_index});
  seed_ = checksum_seed(identity_, header.segment_id);
  return {};
}

Result<void> LogWriter::publish(const std::string& path) {
  const std::string name = this->path();
  if (std::rename(path.c_str(), name.c_str()) != 0) return fail_errno("rename", path, errno);
  file_.renamed(name);
  return sync_directory(options_.directory);
}

Result<void> LogWriter::release(Index through) {
  while (segments_.size() > 1 && segments_.front().largest_index <= through) {
    CONCLAVE_TRY(drop_segment(segments_.front().id));
    segments_.erase(segments_.begin());
  }
  summary_.forget_below(through);
  return {};
}

/// The directory is synced for each: with a later segment gone and an earlier one there, there
/// would be a gap.
Result<void> LogWriter::drop_segment(std::uint64_t id) {
  const std::string from = segment_path(options_.directory, id);
  if (spares_.size() >= options_.spares_max) return remove_file(from);
  const std::string to = spare_path(options_.directory, id);
  if (std::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename", from, errno);
  spares_.push_back(to);
  return sync_directory(options_.directory);
}

bool LogWriter::wants_filling() const {
  return file_.filled() < std::min(capacity_, file_.end() + options_.fill_bytes);
}

Result<void> LogWriter::fill_ahead() {
  if (!wants_filling()) return {};
  return file_.fill_to(fill_target(std::min(capacity_, file_.end() + options_.fill_bytes)));
}

std::string LogWriter::path() const {
  return segment_path(options_.directory, segments_.back().id);
}

}  // namespace conclave::raft
