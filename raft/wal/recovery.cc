#include "raft/wal/recovery.h"

#include <fmt/format.h>

#include <limits>

#include "base/core/bytes.h"
#include "base/run/file.h"
#include "raft/wal/segment_files.h"

namespace conclave::raft {
namespace {

std::unexpected<Error> damaged(const std::string& path, std::size_t offset, std::string_view what) {
  return fail(ErrorCode::corrupt,
              fmt::format("the log segment {} is damaged at byte {}: {}; acknowledged entries may "
                          "be missing, so this server does not go on with it. If it is the only "
                          "server, `conclave operator recover` takes up what can be read; "
                          "otherwise move its data directory away and let it join again",
                          path, offset, what));
}

class LogReader {
 public:
  LogReader(const std::string& directory, Index checkpoint_index,
            const std::optional<LogBase>& installed)
      : directory_(directory), checkpoint_index_(checkpoint_index), installed_(installed) {}

  Result<LogContents> read() {
    CONCLAVE_TRY_ASSIGN(const SegmentFiles files, list_segment_files(directory_));
    if (files.segments.empty()) {
      return fail(ErrorCode::not_found, "there is no log in " + directory_);
    }
    CONCLAVE_TRY_ASSIGN(const std::size_t first, first_that_counts(files.segments));
    for (std::size_t i = 0; i < files.segments.size(); ++i) {
      const std::uint64_t id = files.segments[i];
      if (i < first) {
        log_.superseded.push_back(id);
      } else {
        CONCLAVE_TRY(read_segment(id, id == files.segments.back()));
      }
    }
    CONCLAVE_TRY(check_against_checkpoint());
    return std::move(log_);
  }

  Result<SalvagedLog> salvage() {
    Result<LogContents> whole = read();
    if (whole) return SalvagedLog{std::move(*whole), {}};
    if (log_.segments.empty()) return std::unexpected(whole.error());
    return SalvagedLog{std::move(log_), whole.error()};
  }

 private:
  /// The last segment that begins the log anew; it has its name only since it is whole. Headers
  /// that cannot be read are judged in their turn.
  Result<std::size_t> first_that_counts(const std::vector<std::uint64_t>& segments) const {
    for (std::size_t i = segments.size(); i-- > 1;) {
      CONCLAVE_TRY_ASSIGN(const std::string head,
                          read_segment_head(segment_path(directory_, segments[i])));
      const Result<DecodedHeader> header = decode_header(head);
      if (header && header->header.begins_anew) return i;
    }
    return std::size_t{0};
  }

  Result<void> read_segment(std::uint64_t id, bool is_last) {
    const std::string path = segment_path(directory_, id);
    // The size is the file's own, not one that was declared.
    CONCLAVE_TRY_ASSIGN(const std::string bytes,
                        read_file(path, std::numeric_limits<std::size_t>::max()));
    const Result<DecodedHeader> header = decode_header(bytes);
    if (!header && header.error().code != ErrorCode::corrupt) return fail(path, header.error());
    if (!header) return damaged(path, 0, header.error().message);
    CONCLAVE_TRY(begin_segment(path, id, header->header));
    const std::uint32_t seed = checksum_seed(log_.identity, id);
    log_.end = header->size;
    for (;;) {
      CONCLAVE_TRY_ASSIGN(const bool read, read_batch(path, bytes, seed));
      if (!read) break;
    }
    end_of_previous_ = {path, log_.end};
    return is_last ? check_end(path, bytes, seed) : Result<void>{};
  }

  Result<void> begin_segment(const std::string& path, std::uint64_t id,
                             const SegmentHeader& header) {
    if (header.segment_id != id) return damaged(path, 0, "its header carries another id");
    if (log_.segments.empty()) {
      log_.identity = header.identity;
      log_.summary = LogSummary(header);
      log_.last_batch = header.first_batch - 1;
    } else if (header.identity != log_.identity) {
      return damaged(path, 0, "it belongs to another cluster or data directory");
    } else if (id != log_.segments.back().id + 1) {
      return damaged(path, 0, "the segment before it is missing");
    } else if (header.first_batch != log_.last_batch + 1 || !log_.summary.agrees_with(header)) {
      // The segment before was durable to its end when this one was begun.
      return damaged(end_of_previous_.first, end_of_previous_.second,
                     "it ends here, but the next segment continues further on");
    }
    log_.segments.push_back({id, header.previous_index});
    return {};
  }

  /// Takes up the batch at log_.end if one that counts is there.
  Result<bool> read_batch(const std::string& path, std::string_view bytes, std::uint32_t seed) {
    records_.clear();
    std::size_t at = log_.end;
    for (;;) {
      const std::optional<Record> record = read_record(bytes, at, seed);
      if (!record || record->batch != log_.last_batch + 1 || record->position != records_.size()) {
        return false;
      }
      records_.push_back(*record);
      at = record->end;
      if (record->kind == RecordKind::commit) break;
    }
    for (const Record& record : records_) {
      if (const Result<void> added = log_.summary.add(record); !added) {
        return damaged(path, log_.end, added.error().message);
      }
      take_entry(record);
    }
    log_.last_batch += 1;
    log_.end = at;
    return true;
  }

  void take_entry(const Record& record) {
    if (record.kind == RecordKind::truncate) {
      while (!log_.entries.empty() && log_.entries.back().index > record.index) {
        log_.entries.pop_back();
      }
    }
    if (record.kind != RecordKind::entry) return;
    SegmentExtent& segment = log_.segments.back();
    segment.largest_index = std::max(segment.largest_index, record.index);
    if (record.index > checkpoint_index_) {
      log_.entries.push_back({.term = record.term,
                              .index = record.index,
                              .kind = record.entry_kind,
                              .payload = std::string(record.payload)});
    }
  }

  /// A batch is only written after the one before it is durable: what follows the last batch that
  /// counts is torn, unless something of a batch after the next is there.
  Result<void> check_end(const std::string& path, std::string_view bytes, std::uint32_t seed) {
    const std::size_t first = log_.end;
    for (std::size_t at = first; at + record_head_bytes <= bytes.size(); at += record_alignment) {
      if (bytes[at + record_kind_at] == 0) continue;  // No kind: most of a segment is zeros.
      const std::optional<Record> record = read_later_record(bytes, at, seed);
      if (!record) continue;
      if (record->batch > log_.last_batch + 1) {
        return damaged(path, first,
                       fmt::format("batch {} cannot be read, but a record of batch {} at byte {} "
                                   "can",
                                   log_.last_batch + 1, record->batch, at));
      }
      log_.torn = true;
    }
    return {};
  }

  /// Looks at the batch number first: a segment that is used again is full of old records.
  std::optional<Record> read_later_record(std::string_view bytes, std::size_t at,
                                          std::uint32_t seed) const {
    const std::uint64_t batch = load_u64_le(bytes.data() + at + record_batch_at);
    if (batch <= log_.last_batch) return std::nullopt;
    return read_record(bytes, at, seed);
  }

  Result<void> check_against_checkpoint() {
    const auto& [path, end] = end_of_previous_;
    const LogSummary& summary = log_.summary;
    if (installed_ && summary.base_index() <= checkpoint_index_) {
      const bool holds = checkpoint_index_ <= summary.last_index() &&
                         summary.term_at(checkpoint_index_) == installed_->term;
      log_.behind_state = !holds;
      if (!holds) log_.entries.clear();
      return {};
    }
    if (checkpoint_index_ > log_.summary.last_index()) {
      return damaged(path, end,
                     fmt::format("the log ends with entry {}, but the state holds entry {}",
                                 log_.summary.last_index().value, checkpoint_index_.value));
    }
    if (checkpoint_index_ < log_.summary.base_index()) {
      return fail(
          ErrorCode::corrupt,
          fmt::format("the log in {} begins after entry {}, but the state ends with entry "
                      "{}: entries are missing between them; restore the state or the log "
                      "that belong together",
                      directory_, log_.summary.base_index().value, checkpoint_index_.value));
    }
    return {};
  }

  const std::string& directory_;
  const Index checkpoint_index_;
  const std::optional<LogBase>& installed_;
  LogContents log_;
  std::vector<Record> records_;
  std::pair<std::string, std::size_t> end_of_previous_;
};

}  // namespace

Result<LogContents> read_log(const std::string& directory, Index checkpoint_index,
                             const std::optional<LogBase>& installed) {
  return LogReader(directory, checkpoint_index, installed).read();
}

Result<SalvagedLog> salvage_log(const std::string& directory, Index checkpoint_index) {
  const std::optional<LogBase> none;
  return LogReader(directory, checkpoint_index, none).salvage();
}

}  // namespace conclave::raft
