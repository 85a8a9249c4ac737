#include "daemon/http/register_body.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/codec/reader.h"
#include "daemon/http/check_body.h"

namespace conclave::daemon {

namespace {

struct RegisterBody {
  std::string datacenter;
  std::string id;
  std::string node;
  std::string address;
  api::StringMap tagged_addresses;
  api::StringMap node_meta;
  bool skip_node_update = false;
  std::optional<api::NodeService> service;
  std::optional<CheckBody> check;
  std::vector<CheckBody> checks;

  static constexpr auto fields() {
    using api::field;
    using api::Show;
    using R = RegisterBody;
    return std::tuple{
        field(0, "Datacenter", &R::datacenter),
        field(0, "ID", &R::id),
        field(0, "Node", &R::node),
        field(0, "Address", &R::address),
        field(0, "TaggedAddresses", &R::tagged_addresses, Show::always, "tagged_addresses"),
        field(0, "NodeMeta", &R::node_meta, Show::always, "node_meta"),
        field(0, "SkipNodeUpdate", &R::skip_node_update, Show::always, "skip_node_update"),
        field(0, "Service", &R::service),
        field(0, "Check", &R::check),
        field(0, "Checks", &R::checks)};
  }
};

struct DeregisterBody {
  std::string datacenter;
  std::string node;
  std::string service_id;
  std::string check_id;

  static constexpr auto fields() {
    using api::field;
    using api::Show;
    using D = DeregisterBody;
    return std::tuple{field(0, "Datacenter", &D::datacenter), field(0, "Node", &D::node),
                      field(0, "ServiceID", &D::service_id, Show::always, "service_id"),
                      field(0, "CheckID", &D::check_id, Show::always, "check_id")};
  }
};

Result<void> check_datacenter(std::string_view datacenter, const ServerSettings& settings) {
  if (datacenter.empty() || datacenter == settings.datacenter) return {};
  return fail(ErrorCode::failed, "No path to datacenter");
}

}  // namespace

Result<Register> parse_register(std::string_view text, const ServerSettings& settings) {
  CONCLAVE_TRY_ASSIGN(RegisterBody body,
                      api::decode_body<RegisterBody>(text, {.strict = settings.strict_json}));
  CONCLAVE_TRY(check_datacenter(body.datacenter, settings));
  Register command;
  command.skip_node_update = body.skip_node_update;
  // A service without a name and an id is how some clients write "none".
  if (body.service.has_value() && !(body.service->id.empty() && body.service->service.empty())) {
    body.service->create_index = 0;
    body.service->modify_index = 0;
    command.service = std::move(body.service);
  }
  if (body.check.has_value()) body.checks.push_back(std::move(*body.check));
  for (CheckBody& check : body.checks) {
    command.checks.push_back(to_check(std::move(check)));
  }
  command.node = {.id = std::move(body.id),
                  .node = std::move(body.node),
                  .address = std::move(body.address),
                  .datacenter = settings.datacenter,
                  .tagged_addresses = std::move(body.tagged_addresses),
                  .meta = std::move(body.node_meta)};
  return command;
}

Result<Deregister> parse_deregister(std::string_view text, const ServerSettings& settings) {
  CONCLAVE_TRY_ASSIGN(DeregisterBody body,
                      api::decode_body<DeregisterBody>(text, {.strict = settings.strict_json}));
  CONCLAVE_TRY(check_datacenter(body.datacenter, settings));
  return Deregister{.node = std::move(body.node),
                    .service_id = std::move(body.service_id),
                    .check_id = std::move(body.check_id)};
}

}  // namespace conclave::daemon
