#include "agent/rules/validate.h"

#include <algorithm>
#include <string>

#include "agent/rules/address.h"
#include "agent/rules/definitions.h"
#include "agent/rules/status.h"
#include "base/core/text.h"

namespace conclave::agent {

namespace {

constexpr std::size_t meta_pairs_max = 64;
constexpr std::size_t meta_key_max = 128;
constexpr std::size_t meta_value_max = 512;
constexpr std::size_t dns_label_max = 63;
constexpr std::int64_t weight_max = 65535;

std::unexpected<Error> refuse(std::string text) {
  return fail(ErrorCode::bad_request, std::move(text));
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

const char* meta_fault(std::string_view key, std::string_view value, bool allow_reserved) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '_' || c == '-'; };
  if (key.empty()) return "Key cannot be blank";
  if (!std::ranges::all_of(key, allowed)) return "Key contains invalid characters";
  if (key.size() > meta_key_max) return "Key is too long (limit: 128 characters)";
  if (key.starts_with("consul-") && !allow_reserved) {
    return "Key prefix 'consul-' is reserved for internal use";
  }
  if (value.size() > meta_value_max) return "Value is too long (limit: 512 characters)";
  return nullptr;
}

const char* weights_fault(const api::WeightsDefinition& weights) {
  if (weights.passing < 1) return "Passing must be greater than 0";
  if (weights.warning < 0) return "Warning must be greater or equal than 0";
  if (weights.passing > weight_max || weights.warning > weight_max) {
    return "DNS Weight must be between 0 and 65535";
  }
  return nullptr;
}

const char* definition_fault(const api::CheckDefinition& check) {
  const CheckType type = check_type(check);
  const bool alias = !check.alias_node.empty() || !check.alias_service.empty();
  const bool periodic =
      type != CheckType::none && type != CheckType::ttl && type != CheckType::alias;
  if (check.interval > Nanos::zero() && check.ttl > Nanos::zero()) {
    return "Interval and TTL cannot both be specified";
  }
  if (periodic && check.interval <= Nanos::zero()) {
    return "Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks";
  }
  if (alias && (periodic || check.interval > Nanos::zero())) {
    return "Interval cannot be set for Alias checks";
  }
  if (alias && check.ttl > Nanos::zero()) return "TTL must be not be set for Alias checks";
  if (!periodic && !alias && check.ttl <= Nanos::zero()) return "TTL must be > 0 for TTL checks";
  if (check.output_max_size < 0) return "MaxOutputMaxSize must be positive";
  if (check.failures_before_warning > check.failures_before_critical) {
    return "FailuresBeforeWarning can't be higher than FailuresBeforeCritical";
  }
  return nullptr;
}

bool status_valid(const api::CheckDefinition& check) {
  return check.status.empty() || parse_status(check.status).has_value();
}

}  // namespace

Result<void> validate_meta(const api::StringMap& meta, bool allow_reserved) {
  if (meta.size() > meta_pairs_max) {
    return refuse("Node metadata cannot contain more than 64 key/value pairs");
  }
  for (const auto& [key, value] : meta) {
    if (const char* fault = meta_fault(key, value, allow_reserved)) {
      return refuse("Couldn't load metadata pair ('" + key + "', '" + value + "'): " + fault);
    }
  }
  return {};
}

Result<void> validate_service(const api::ServiceDefinition& service) {
  if (service.name.empty()) return refuse("Missing service name");
  if (is_unspecified_address(service.address)) return refuse("Invalid service address");
  if (service.weights) {
    if (const char* fault = weights_fault(*service.weights)) {
      return refuse(std::string("Invalid Weights: ") + fault);
    }
  }
  if (auto meta = validate_meta(service.meta, false); !meta) {
    return refuse("Invalid Service Meta: " + meta.error().message);
  }
  for (const api::CheckDefinition& check : service.checks) {
    if (const char* fault = definition_fault(check)) {
      return refuse(std::string("Invalid check: ") + fault);
    }
    if (!status_valid(check)) {
      return refuse("Status for checks must 'passing', 'warning', 'critical'");
    }
  }
  return {};
}

Result<void> validate_check(const api::CheckDefinition& check) {
  if (check.name.empty()) return refuse("Missing check name");
  if (!status_valid(check)) return refuse("Bad check status");
  if (const char* fault = definition_fault(check)) {
    return refuse(std::string("Invalid check: ") + fault);
  }
  return {};
}

Result<void> scripts_allowed(const api::CheckDefinition& check, ScriptPolicy policy,
                             Origin origin) {
  if (check_type(check) != CheckType::script || policy.everybody) return {};
  if (!policy.files_only) {
    return fail(ErrorCode::failed,
                "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' "
                "or 'enable_local_script_checks' to true");
  }
  if (origin == Origin::file) return {};
  return fail(ErrorCode::failed,
              "Scripts are disabled on this agent from remote calls; to enable, configure "
              "'enable_script_checks' to true");
}

std::unexpected<Error> unknown_service(const std::string& id) {
  return fail(ErrorCode::not_found,
              "Unknown service ID \"" + id +
                  "\". Ensure that the service ID is passed, not the service name.");
}

std::unexpected<Error> unknown_check(const std::string& id) {
  return fail(
      ErrorCode::not_found,
      "Unknown check ID \"" + id + "\". Ensure that the check ID is passed, not the check name.");
}

bool is_dns_safe(std::string_view name) {
  const auto allowed = [](char c) { return is_alphanumeric(c) || c == '-'; };
  return !name.empty() && name.size() <= dns_label_max && std::ranges::all_of(name, allowed) &&
         name.front() != '-' && name.back() != '-';
}

}  // namespace conclave::agent
