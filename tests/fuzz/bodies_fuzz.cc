// Request bodies and definitions: what is accepted and shown is accepted again and shown the same;
// strict reading accepts nothing that lenient reading does not.

#include <string>

#include "api/codec/reader.h"
#include "api/codec/writer.h"
#include "api/model/agent_check.h"
#include "api/model/agent_service.h"
#include "api/model/catalog.h"
#include "api/model/kv.h"
#include "api/model/record.h"
#include "base/core/assert.h"
#include "daemon/http/cached_read.h"
#include "daemon/http/register_body.h"
#include "daemon/http/session.h"
#include "tests/fuzz/input.h"

namespace conclave::fuzz {
namespace {

template <class T>
void check_shown(std::string_view body) {
  const auto value = api::decode_body<T>(body);
  const auto strict = api::decode_body<T>(body, {.strict = true});
  CONCLAVE_ASSERT(value.has_value() || !strict.has_value());
  if (!value) {
    CONCLAVE_ASSERT(value.error().message.starts_with("Request decode failed: "));
    return;
  }
  const std::string shown = api::to_json(*value);
  if (strict) CONCLAVE_ASSERT(api::to_json(*strict) == shown);
  const auto again = api::decode_body<T>(shown);
  CONCLAVE_ASSERT(again.has_value());
  CONCLAVE_ASSERT(api::to_json(*again) == shown);
}

/// `parse` makes the part of a command: strict and lenient agree, and the log can hold it.
template <class Parse>
void check_command(std::string_view body, Parse parse) {
  daemon::ServerSettings settings;
  settings.node_name = "n1";
  const auto value = parse(body, settings);
  settings.strict_json = true;
  const auto strict = parse(body, settings);
  CONCLAVE_ASSERT(value.has_value() || !strict.has_value());
  if (!value) {
    CONCLAVE_ASSERT(!value.error().message.empty());
    return;
  }
  if (strict) CONCLAVE_ASSERT(*strict == *value);
  const std::string record = api::encode_record(*value);
  const auto decoded = api::decode_record<std::remove_cvref_t<decltype(*value)>>(record);
  CONCLAVE_ASSERT(decoded.has_value());
  CONCLAVE_ASSERT(api::encode_record(*decoded) == record);
}

void check_cache_control(std::string_view header) {
  const auto control = daemon::parse_cache_control(header);
  if (!control) return CONCLAVE_ASSERT(control.error().code == ErrorCode::bad_request);
  CONCLAVE_ASSERT(control->max_age.value_or(Nanos{}) >= Nanos{});
  CONCLAVE_ASSERT(control->stale_if_error >= Nanos{});
}

}  // namespace

void check(std::string_view bytes) {
  check_cache_control(bytes);
  check_shown<api::ServiceDefinition>(bytes);
  check_shown<api::CheckDefinition>(bytes);
  check_shown<api::NodeService>(bytes);
  check_shown<api::HealthCheck>(bytes);
  check_shown<api::KvEntry>(bytes);
  check_command(bytes, daemon::parse_session);
  check_command(bytes, daemon::parse_register);
  check_command(bytes, daemon::parse_deregister);
}

}  // namespace conclave::fuzz
