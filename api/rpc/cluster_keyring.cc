#include "api/rpc/cluster_keyring.h"

#include <algorithm>
#include <utility>

#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/model/record.h"
#include "base/run/file.h"
#include "base/run/log.h"

namespace conclave::api {
namespace {

constexpr std::size_t file_bytes_max = 4096;

bool is_sound(const KeyringRecord& record) {
  const auto is_key = [](const Bytes& key) {
    return key.data.size() == 16 || key.data.size() == 24 || key.data.size() == 32;
  };
  return !record.keys.empty() && record.keys.size() <= KeyringRecord::keys_max &&
         std::ranges::all_of(record.keys, is_key);
}

std::vector<std::string> raw_keys(const KeyringRecord& record) {
  std::vector<std::string> keys;
  for (const Bytes& key : record.keys) keys.push_back(key.data);
  return keys;
}

/// The error says nothing of what is in the file.
Result<KeyringRecord> read_record(const std::string& path) {
  CONCLAVE_TRY_ASSIGN(const std::string text, read_file(path, file_bytes_max));
  auto record = decode_body<KeyringRecord>(text, {});
  if (record && is_sound(*record)) return std::move(*record);
  return fail(ErrorCode::corrupt,
              path +
                  " is not a keyring: put back a copy of it, or remove it and set `encrypt` to "
                  "the key that the other servers use");
}

}  // namespace

Result<std::shared_ptr<ClusterKeyring>> ClusterKeyring::open(const std::string& configured,
                                                             std::string path) {
  KeyringRecord record;
  if (!path.empty() && path_exists(path)) {
    CONCLAVE_TRY_ASSIGN(record, read_record(path));
    if (!configured.empty() &&
        std::ranges::find(record.keys, Bytes{configured}) == record.keys.end()) {
      log_warn("agent", "`encrypt` is not used: the keyring in {} is, and does not have that key",
               path);
    }
  } else if (!configured.empty()) {
    record.keys = {Bytes{configured}};
  } else {
    return nullptr;
  }
  return std::make_shared<ClusterKeyring>(std::move(record), std::move(path));
}

ClusterKeyring::ClusterKeyring(KeyringRecord record, std::string path)
    : record_(std::move(record)),
      path_(std::move(path)),
      tls_(std::make_shared<TlsKeyring>(raw_keys(record_))) {}

Result<bool> ClusterKeyring::adopt(const KeyringRecord& record) {
  if (!record.is_newer_than(record_)) return false;
  if (!is_sound(record)) return fail(ErrorCode::bad_request, "these are no keys of a cluster");
  if (!path_.empty()) CONCLAVE_TRY(write_file_atomically(path_, to_json(record) + "\n"));
  record_ = record;
  tls_->set_keys(raw_keys(record_));
  log_info("agent", "the keyring has changed: keys={} term={} number={}", record_.keys.size(),
           record_.term, record_.number);
  return true;
}

Result<std::string> ClusterKeyring::answer(std::string_view body) {
  CONCLAVE_TRY_ASSIGN(const KeyringRecord theirs, decode_record<KeyringRecord>(body));
  CONCLAVE_TRY(adopt(theirs));
  return encode_record(record_);
}

}  // namespace conclave::api
