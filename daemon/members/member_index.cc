#include "daemon/members/member_index.h"

#include <utility>

#include "daemon/members/reconcile.h"
#include "daemon/tables/changes.h"
#include "daemon/tables/key.h"
#include "daemon/tables/meta.h"
#include "daemon/tables/row.h"

namespace conclave::daemon {

void MemberIndex::follow(const ReadRows& rows) {
  const Meta meta = read_meta(rows);
  if (meta.revision < revision_ || meta.changes_floor > revision_ || revision_ == 0) {
    begin_anew(rows);
  } else if (meta.members_index > revision_) {
    catch_up(rows);
  }
  revision_ = meta.revision;
}

void MemberIndex::begin_anew(const ReadRows& rows) {
  entries_.clear();
  keys_by_id_.clear();
  servers_.clear();
  rows.scan_prefix(table_key(Table::members), [&](std::string_view key, std::string_view row) {
    put(key, row);
    return true;
  });
}

void MemberIndex::catch_up(const ReadRows& rows) {
  const std::string changes = table_key(Table::changes);
  const std::string members = table_key(Table::members);
  rows.scan(change_key(revision_ + 1, 0), [&](std::string_view key, std::string_view row) {
    if (!key.starts_with(changes)) return false;
    const ChangeRow change = decode_row<ChangeRow>(row);
    if (!change.key.starts_with(members)) return true;
    if (change.op == ChangeOp::put) {
      put(change.key, change.row);
    } else {
      erase(change.key);
    }
    return true;
  });
}

void MemberIndex::put(std::string_view key, std::string_view row) {
  erase(key);
  api::Member member = decode_row<api::Member>(row);
  Entry entry{.name = std::move(member.name),
              .id = std::move(member.id),
              .status = static_cast<api::MemberStatus>(member.status),
              .is_server = is_server(member)};
  keys_by_id_.emplace(entry.id, key);
  if (entry.is_server) servers_.emplace(key, entry.name);
  entries_.emplace(key, std::move(entry));
}

void MemberIndex::erase(std::string_view key) {
  const auto at = entries_.find(key);
  if (at == entries_.end()) return;
  auto [first, last] = keys_by_id_.equal_range(at->second.id);
  while (first != last && first->second != key) ++first;
  if (first != last) keys_by_id_.erase(first);
  if (const auto server = servers_.find(key); server != servers_.end()) servers_.erase(server);
  entries_.erase(at);
}

std::vector<std::string> MemberIndex::servers() const {
  std::vector<std::string> names;
  for (const auto& [key, name] : servers_) names.push_back(name);
  return names;
}

std::vector<std::string> MemberIndex::names_of(std::string_view id) const {
  std::vector<std::string> names;
  const auto [first, last] = keys_by_id_.equal_range(id);
  for (auto at = first; at != last; ++at) names.push_back(entries_.find(at->second)->second.name);
  return names;
}

}  // namespace conclave::daemon
