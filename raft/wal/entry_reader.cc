#include "raft/wal/entry_reader.h"

#include <fmt/format.h>

#include "raft/wal/segment_files.h"

namespace conclave::raft {
namespace {

/// More followers than a cluster has.
constexpr std::size_t places_max = 16;

}  // namespace

Result<std::vector<Entry>> EntryReader::read(const EntryRange& range, std::uint64_t bytes_max) {
  if (const auto known = places_.extract(range.first); !known.empty()) {
    auto entries = read_from(known.mapped(), range, bytes_max);
    if (entries) return entries;
    // The segment may be gone since, and the log begun anew.
  }
  CONCLAVE_TRY_ASSIGN(const Place place, find(range.first));
  return read_from(place, range, bytes_max);
}

/// Where an entry of that index can lie at the earliest. Of several, what counts is the one that
/// was written last, and that one lies behind the beginning of every segment before which the log
/// did not reach so far.
Result<EntryReader::Place> EntryReader::find(Index first) const {
  CONCLAVE_TRY_ASSIGN(const SegmentFiles files, list_segment_files(directory_));
  for (auto id = files.segments.rbegin(); id != files.segments.rend(); ++id) {
    const std::string path = segment_path(directory_, *id);
    CONCLAVE_TRY_ASSIGN(const std::string head, read_segment_head(path));
    const Result<DecodedHeader> header = decode_header(head);
    if (!header) return fail(path, header.error());
    if (header->header.previous_index < first) return Place{*id, header->size};
  }
  return fail(ErrorCode::not_found,
              fmt::format("the log in {} begins after entry {}", directory_, first.value));
}

Result<std::vector<Entry>> EntryReader::read_from(Place place, const EntryRange& range,
                                                  std::uint64_t bytes_max) {
  CONCLAVE_TRY_ASSIGN(SegmentWindow segment, open(place));
  std::vector<Entry> entries;
  std::uint64_t bytes = 0;
  for (Index wanted = range.first; wanted <= range.last;) {
    CONCLAVE_TRY_ASSIGN(const auto found, segment.record_at(place.offset));
    if (!found) {  // The log goes on in the next one.
      place = {place.segment + 1, 0};
      CONCLAVE_TRY_ASSIGN(segment, open(place));
      continue;
    }
    const Record& record = found->record;
    // One of another term was replaced later.
    if (record.kind == RecordKind::entry && record.index == wanted && record.term == range.term) {
      bytes += record.payload.size();
      if (bytes > bytes_max && !entries.empty()) break;
      entries.push_back({.term = record.term,
                         .index = record.index,
                         .kind = record.entry_kind,
                         .payload = std::string(record.payload)});
      wanted = next(wanted);
    }
    place.offset = found->end;
  }
  places_[next(entries.back().index)] = place;
  if (places_.size() > places_max) places_.erase(places_.begin());
  return entries;
}

/// An offset of 0 becomes that of the first record.
Result<SegmentWindow> EntryReader::open(Place& place) const {
  const std::string path = segment_path(directory_, place.segment);
  if (place.offset == 0) {
    CONCLAVE_TRY_ASSIGN(const std::string head, read_segment_head(path));
    CONCLAVE_TRY_ASSIGN(const DecodedHeader header, decode_header(head));
    place.offset = header.size;
  }
  return SegmentWindow::open(path, checksum_seed(identity_, place.segment));
}

}  // namespace conclave::raft
