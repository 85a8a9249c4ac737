// Log entries and rows: whatever decodes encodes to the same bytes, so that there is one form only.
// The first byte says which type the rest is.

#include <array>
#include <string>

#include "api/model/catalog.h"
#include "api/model/kv.h"
#include "api/model/member.h"
#include "api/model/record.h"
#include "base/core/assert.h"
#include "daemon/command/command.h"
#include "raft/core/configuration.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

template <class T>
void check_record(std::string_view bytes) {
  const auto value = api::decode_record<T>(bytes);
  if (!value) {
    CONCLAVE_ASSERT(value.error().code == ErrorCode::corrupt);
    return;
  }
  CONCLAVE_ASSERT(api::encode_record(*value) == bytes);
}

void check_configuration(std::string_view bytes) {
  const auto value = raft::decode_configuration(bytes);
  if (!value) {
    CONCLAVE_ASSERT(value.error().code == ErrorCode::corrupt);
    return;
  }
  const auto again = raft::decode_configuration(raft::encode_configuration(*value));
  CONCLAVE_ASSERT(again.has_value());
  CONCLAVE_ASSERT(*again == *value);
  const auto nobody = [](const raft::NodeId&) { return false; };
  CONCLAVE_ASSERT(!raft::has_quorum(*value, nobody));
}

using Check = void (*)(std::string_view);
constexpr std::array<Check, 10> checks = {
    check_record<daemon::Command>,  check_record<daemon::EntryPayload>,
    check_record<api::KvEntry>,     check_record<daemon::Outcome>,
    check_record<api::Session>,     check_record<api::Node>,
    check_record<api::NodeService>, check_record<api::HealthCheck>,
    check_record<api::Member>,      check_configuration};

}  // namespace

void check(std::string_view bytes) {
  Input input(bytes);
  const std::size_t type = input.byte() % checks.size();
  checks[type](input.rest());
}

}  // namespace conclave::fuzz
