#include "daemon/state/check.h"

#include <optional>
#include <utility>

#include "base/core/text.h"
#include "daemon/state/node.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/services.h"

namespace conclave::daemon {
namespace {

void erase_indexes(Step& step, const api::HealthCheck& check) {
  step.erase(check_by_service_key(check.node, check.service_id, check.check_id));
  step.erase(check_by_status_key(check.status, check.node, check.check_id));
  if (!check.service_id.empty()) {
    step.erase(check_by_name_key(check.service_name, check.node, check.check_id));
  }
}

void put_indexes(Step& step, const api::HealthCheck& check) {
  const CheckRef ref{.node = to_lower_ascii(check.node), .id = check.check_id};
  step.put_record(check_by_service_key(check.node, check.service_id, check.check_id), ref);
  step.put_record(check_by_status_key(check.status, check.node, check.check_id), ref);
  if (!check.service_id.empty()) {
    step.put_record(check_by_name_key(check.service_name, check.node, check.check_id), ref);
  }
}

bool same_indexes(const api::HealthCheck& a, const api::HealthCheck& b) {
  return equal_ignoring_case(a.service_id, b.service_id) &&
         equal_ignoring_case(a.service_name, b.service_name) &&
         equal_ignoring_case(a.status, b.status);
}

/// The services that the check says something about.
void bump_services_of_check(Step& step, const api::HealthCheck& check) {
  if (check.service_id.empty()) {
    bump_services_of_node(step, check.node);
  } else {
    step.bump_service(check.service_name);
  }
}

void touch_checks(Step& step, const api::HealthCheck& check) {
  step.meta().checks_index = step.revision();
  step.touch(TopicKind::checks);
  step.bump_node(check.node);
  bump_services_of_check(step, check);
}

}  // namespace

std::string ensure_check(Step& step, const api::HealthCheck& wanted) {
  api::HealthCheck check = wanted;
  if (check.service_id.empty()) {
    // A name without an instance binds the check to nothing; it is shown, not indexed.
  } else if (const auto service = find_service(step.rows(), check.node, check.service_id)) {
    check.service_id = service->id;
    check.service_name = service->service;
    check.service_tags = service->tags;
  } else {
    return "Missing service registration";
  }
  const auto before = find_check(step.rows(), check.node, check.check_id);
  check.create_index = before ? before->create_index : step.revision();
  check.modify_index = before ? before->modify_index : step.revision();
  if (before && check == *before) return {};

  check.modify_index = step.revision();
  const bool reindex = !before || !same_indexes(*before, check);
  if (before && reindex) erase_indexes(step, *before);
  step.put_object(TopicKind::checks, check.node, check_key(check.node, check.check_id),
                  api::encode_record(check));
  if (reindex) put_indexes(step, check);
  touch_checks(step, check);
  // Who saw the check on another instance has to see that it is gone from there.
  if (before && !equal_ignoring_case(before->service_id, check.service_id)) {
    bump_services_of_check(step, *before);
  }
  if (check.status == "critical") {
    step.pending().push_back({.kind = RemovalKind::check_sessions,
                              .name = check.node,
                              .second = check.check_id,
                              .begun = step.revision()});
  }
  return {};
}

void erase_check(Step& step, const api::HealthCheck& check) {
  step.erase_object(TopicKind::checks, check.node, check_key(check.node, check.check_id));
  erase_indexes(step, check);
  touch_checks(step, check);
}

}  // namespace conclave::daemon
