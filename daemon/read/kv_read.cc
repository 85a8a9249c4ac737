#include "daemon/read/kv_read.h"

#include <algorithm>

#include "api/codec/writer.h"
#include "daemon/tables/meta.h"

namespace conclave::daemon {

namespace {

std::uint64_t not_zero(std::uint64_t index) { return std::max<std::uint64_t>(index, 1); }

/// `newest` is the largest ModifyIndex that was listed, 0 = none.
std::uint64_t listing_index(const ReadRows& rows, std::string_view prefix, std::uint64_t newest) {
  const Meta meta = read_meta(rows);
  if (prefix.empty()) return not_zero(meta.kv_index);
  const std::uint64_t touched = std::max(newest, newest_tombstone(rows, prefix));
  return not_zero(touched == 0 ? meta.kv_index : std::max(touched, meta.index_floor));
}

}  // namespace

KeyRead read_key(const ReadRows& rows, std::string_view key) {
  KeyRead read{.entry = find_kv(rows, key)};
  read.index =
      read.entry.has_value() ? read.entry->modify_index : not_zero(read_meta(rows).kv_index);
  return read;
}

void write_entry(std::string& out, const KvView& entry) {
  out.append("{\"LockIndex\":");
  api::write_json(out, entry.lock_index);
  out.append(",\"Key\":");
  api::append_json_string(out, entry.key);
  out.append(",\"Flags\":");
  api::write_json(out, entry.flags);
  out.append(",\"Value\":");
  api::detail::append_json_bytes(out, entry.value);
  if (!entry.session.empty()) {
    out.append(",\"Session\":");
    api::append_json_string(out, entry.session);
  }
  out.append(",\"CreateIndex\":");
  api::write_json(out, entry.create_index);
  out.append(",\"ModifyIndex\":");
  api::write_json(out, entry.modify_index);
  out.push_back('}');
}

KvListing list_entries(const ReadRows& rows, std::string_view prefix,
                       FunctionRef<void(const KvView&)> take) {
  KvListing listing;
  std::uint64_t newest = 0;
  visit_kv(rows, prefix, [&](const KvView& entry) {
    ++listing.count;
    newest = std::max(newest, entry.modify_index);
    take(entry);
    return true;
  });
  listing.index = listing_index(rows, prefix, newest);
  return listing;
}

KvListing list_keys(const ReadRows& rows, std::string_view prefix, std::string_view separator,
                    FunctionRef<void(std::string_view)> take) {
  KvListing listing;
  std::uint64_t newest = 0;
  std::string last;
  visit_kv(rows, prefix, [&](const KvView& entry) {
    newest = std::max(newest, entry.modify_index);
    std::string_view key = entry.key;
    if (!separator.empty()) {
      const std::size_t at = key.find(separator, prefix.size());
      if (at != std::string_view::npos) key = key.substr(0, at + separator.size());
    }
    // Keys that are cut to the same text follow one another.
    if (listing.count > 0 && last == key) return true;
    last = key;
    ++listing.count;
    take(key);
    return true;
  });
  listing.index = listing_index(rows, prefix, newest);
  return listing;
}

}  // namespace conclave::daemon
