#pragma once

/// What keys, locks and sessions mean, written down a second time from the contract (sections 3 to
/// 5) without rows, tables or encodings: what the real state machine answers is compared with it.

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "daemon/command/command.h"

namespace conclave::sim {

struct ModelEntry {
  std::string value;
  std::uint64_t flags = 0;
  std::string session;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;
  std::uint64_t lock_index = 0;
  std::uint64_t fence = 0;
  friend bool operator==(const ModelEntry&, const ModelEntry&) = default;
};

struct ModelSession {
  std::string ttl;
  std::uint64_t lock_delay_ms = 0;
  bool deletes = false;
};

/// What a command has to answer.
struct Verdict {
  bool done = false;
  bool refused = false;  ///< With an error text.
  std::uint64_t revision = 0;
  std::uint64_t fence = 0;
  bool repeated = false;  ///< Its request id was there before: nothing was done.
};

class Model {
 public:
  Verdict apply(const daemon::Command& command, std::uint64_t cluster_ms);

  std::uint64_t revision() const { return revision_; }
  /// The newest change of any key.
  std::uint64_t kv_index() const { return kv_index_; }
  const std::map<std::string, ModelEntry>& keys() const { return keys_; }
  const std::map<std::string, ModelSession>& sessions() const { return sessions_; }
  /// Keys that the last command changed or removed.
  const std::set<std::string>& touched() const { return touched_; }

 private:
  enum class Result : std::uint8_t { done, undone, refused };

  Result carry_out(const daemon::CommandBody& body);
  Result carry_out(const daemon::KvOp& op);
  Result carry_out(const daemon::Txn& txn);
  Result carry_out(const daemon::SessionCreate& create);
  Result carry_out(const daemon::SessionEnd& end);
  Result lock(const daemon::KvOp& op, ModelEntry* entry);
  void store(const daemon::KvOp& op, ModelEntry* entry, const std::string& session);
  void remove(const std::string& key);

  std::uint64_t now_ms_ = 0;
  std::uint64_t revision_ = 1;
  std::uint64_t kv_index_ = 0;
  bool changed_ = false;
  std::map<std::string, ModelEntry> keys_;
  std::map<std::string, ModelSession> sessions_;
  std::map<std::string, std::uint64_t> delayed_until_ms_;
  std::set<std::string> nodes_;
  std::map<std::string, Verdict> answered_;  ///< By request id.
  std::set<std::string> touched_;
};

}  // namespace conclave::sim
