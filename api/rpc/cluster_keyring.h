#pragma once

/// The keys of the cluster as this node has them: what its leader last decided, kept in a file so
/// that it is known before anybody can be reached. Decisions are numbered; of two, the newer one
/// counts, on whichever node it is met. The log does not carry them: it goes into snapshots, which
/// are sent to places where the keys must not be.
///
/// Every node that has a keyring exchanges it with others: docs/protocol.md. Owned by one loop.

#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"
#include "api/rpc/rpc.h"
#include "base/core/result.h"
#include "base/net/tls_keyring.h"

namespace conclave::api {

/// The number that this exchange has among RpcMethod's.
inline constexpr RpcMethod exchange_keyring{13};

/// Request and reply of exchange_keyring, and, as JSON, the file. Fields are only ever added.
struct KeyringRecord {
  std::uint64_t term = 0;    ///< Of the leader that decided; 0: the configuration did.
  std::uint64_t number = 0;  ///< Of its decisions in that term, from 1 on.
  std::vector<Bytes> keys;   ///< Raw. The first is used, all are accepted.

  static constexpr std::size_t keys_max = 16;
  bool is_newer_than(const KeyringRecord& other) const {
    return std::tie(term, number) > std::tie(other.term, other.number);
  }
  friend bool operator==(const KeyringRecord&, const KeyringRecord&) = default;
  static constexpr auto fields() {
    return std::tuple{field(1, "Term", &KeyringRecord::term),
                      field(2, "Number", &KeyringRecord::number),
                      field(3, "Keys", &KeyringRecord::keys)};
  }
};

class ClusterKeyring {
 public:
  /// `configured`: raw, "" = none. `path`: of the file, "" = nothing is kept. What is kept counts,
  /// and not what is configured, which may be long out of use. nullptr: no keys, so no encryption.
  static Result<std::shared_ptr<ClusterKeyring>> open(const std::string& configured,
                                                      std::string path);
  ClusterKeyring(KeyringRecord record, std::string path);

  const KeyringRecord& record() const { return record_; }
  /// For connections; what is adopted concerns new ones.
  const std::shared_ptr<TlsKeyring>& tls() const { return tls_; }

  /// Takes a newer record, durably; false: it is not newer. Errors: not keys; it cannot be kept.
  Result<bool> adopt(const KeyringRecord& record);
  /// The body of exchange_keyring: adopts what the caller has if that is newer, answers with what
  /// is here then.
  Result<std::string> answer(std::string_view body);

 private:
  KeyringRecord record_;
  std::string path_;
  std::shared_ptr<TlsKeyring> tls_;
};

}  // namespace conclave::api
