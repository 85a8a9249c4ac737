#pragma once

/// The member table in short, as a leader needs it for every join and every second: who has which
/// name, id and status. It follows the table by what the changes table says, so that a round over
/// 100,000 members decodes none of their rows. What it does not say stands there. Main thread.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/model/member.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

class MemberIndex {
 public:
  struct Entry {
    std::string name;
    std::string id;
    api::MemberStatus status = api::MemberStatus::none;
    bool is_server = false;
  };
  /// By the key of the row: in the order of names without case.
  using Entries = std::map<std::string, Entry, std::less<>>;

  /// Brings it up to what these rows say. Others may be an older or another state: it begins anew.
  void follow(const ReadRows& rows);

  const Entries& entries() const { return entries_; }
  /// Those that are servers.
  std::vector<std::string> servers() const;
  /// Under which names the table has that id.
  std::vector<std::string> names_of(std::string_view id) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  void begin_anew(const ReadRows& rows);
  void catch_up(const ReadRows& rows);
  void put(std::string_view key, std::string_view row);
  void erase(std::string_view key);

  std::uint64_t revision_ = 0;  ///< Up to which it has followed.
  Entries entries_;
  std::unordered_multimap<std::string, std::string, Hash, std::equal_to<>> keys_by_id_;
  std::map<std::string, std::string, std::less<>> servers_;  ///< Key to name.
};

}  // namespace conclave::daemon
