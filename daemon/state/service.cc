#include "daemon/state/service.h"

#include <utility>
#include <vector>

#include "base/core/assert.h"
#include "base/core/text.h"
#include "daemon/state/check.h"
#include "daemon/tables/checks.h"
#include "daemon/tables/services.h"

namespace conclave::daemon {
namespace {

void touch_services(Step& step, const std::string& node) {
  step.meta().services_index = step.revision();
  step.touch(TopicKind::services);
  step.bump_node(node);
}

/// Takes an instance off its name; the last one takes the name's index with it.
void leave_name(Step& step, const std::string& node, const api::NodeService& service) {
  step.erase(service_by_name_key(service.service, node, service.id));
  bool has_instances = false;
  visit_instances(step.rows(), service.service, [&](const ServiceRef&) {
    has_instances = true;
    return false;
  });
  if (has_instances) {
    step.bump_service(service.service);
  } else {
    step.service_extinct(service.service);
  }
}

void update_checks(Step& step, const std::string& node, const std::string& service_id) {
  std::vector<api::HealthCheck> checks;
  visit_service_checks(step.rows(), node, service_id, [&](const api::HealthCheck& check) {
    checks.push_back(check);
    return true;
  });
  for (const api::HealthCheck& check : checks) {
    const std::string error = ensure_check(step, check);
    CONCLAVE_ASSERT_WHY(error.empty(), "the instance is registered");
  }
}

}  // namespace

void ensure_service(Step& step, const std::string& node, const api::NodeService& wanted) {
  const auto before = find_service(step.rows(), node, wanted.id);
  api::NodeService service = wanted;
  service.create_index = before ? before->create_index : step.revision();
  service.modify_index = before ? before->modify_index : step.revision();
  if (before && service == *before) return;

  service.modify_index = step.revision();
  step.put_object(TopicKind::service, service.service, service_key(node, service.id),
                  api::encode_record(service));
  const bool same_name = before && equal_ignoring_case(before->service, service.service);
  if (!same_name) {
    step.put_record(service_by_name_key(service.service, node, service.id),
                    ServiceRef{.node = to_lower_ascii(node), .id = service.id});
    if (before) leave_name(step, node, *before);
  }
  touch_services(step, node);
  step.bump_service(service.service);
  if (before && (before->service != service.service || before->tags != service.tags)) {
    update_checks(step, node, service.id);
  }
}

void erase_service(Step& step, const std::string& node, const api::NodeService& service) {
  step.erase_object(TopicKind::service, service.service, service_key(node, service.id));
  leave_name(step, node, service);
  touch_services(step, node);
}

}  // namespace conclave::daemon
