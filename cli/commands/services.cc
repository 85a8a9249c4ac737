#include "cli/commands/services.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "api/codec/writer.h"
#include "api/hcl/document.h"
#include "api/hcl/shape.h"
#include "api/model/agent_service.h"
#include "base/core/text.h"
#include "cli/commands/client_flags.h"
#include "cli/commands/data_argument.h"

namespace conclave::cli {
namespace {

using api::ServiceDefinition;

constexpr std::string_view register_usage = R"(Usage: conclave services register [flags] [FILE...]

  Registers services with the agent: one that the flags describe, or all of the files, which have
  the form of the agent's configuration (HCL or JSON, `service { ... }` or `services { ... }`; - is
  standard input). Flags beside files fill in what a file leaves out, and add tags and metadata.
  Health checks can be given in files only. The agent keeps them across restarts.

      $ conclave services register -name=web -port=8080 -tag=primary
      $ conclave services register web.hcl)";

constexpr std::string_view deregister_usage =
    R"(Usage: conclave services deregister [flags] [FILE...]

  Removes services from the agent: the one with -id, or all that the files describe.

      $ conclave services deregister -id=web
      $ conclave services deregister web.json)";

/// Of the service mesh and the enterprise edition: known in files, and nothing to us.
constexpr std::array<std::string_view, 5> moot_keys = {"connect", "proxy", "namespace", "partition",
                                                       "ports"};

using Services = std::vector<ServiceDefinition>;

Result<ServiceDefinition> read_service(api::JsonValue json) {
  if (auto* members = json.if_object()) {
    std::erase_if(*members, [](const auto& member) {
      return std::ranges::any_of(moot_keys, [&](std::string_view moot) {
        return equal_ignoring_case(moot, member.first);
      });
    });
  }
  ServiceDefinition service;
  CONCLAVE_TRY(api::read_json(api::hcl::fitted<ServiceDefinition>(json), service, {.strict = true},
                              "service"));
  if (service.name.empty() && service.id.empty()) {
    return fail(ErrorCode::bad_request, "a service has neither name nor id");
  }
  return service;
}

Result<Services> read_services(const std::string& name, Terminal& terminal) {
  CONCLAVE_TRY_ASSIGN(const std::string text, read_file_or_input(name, terminal));
  const auto format = name.ends_with(".json") ? api::hcl::Format::json : api::hcl::Format::hcl;
  CONCLAVE_TRY_ASSIGN(const api::JsonValue document, api::hcl::parse_document(text, format));
  Services services;
  for (const std::string_view key : {"service", "services"}) {
    const api::JsonValue* found = document.find(key);
    if (found == nullptr) continue;
    const auto list = api::hcl::fitted<std::vector<ServiceDefinition>>(*found);
    if (list.if_array() == nullptr)
      return fail(ErrorCode::bad_request, std::string(key) + " must be a block");
    for (const api::JsonValue& one : *list.if_array()) {
      CONCLAVE_TRY_ASSIGN(services.emplace_back(), read_service(one));
    }
  }
  return services;
}

Result<Services> read_files(const std::vector<std::string>& names, Terminal& terminal) {
  Services services;
  for (const std::string& name : names) {
    auto read = read_services(name, terminal);
    if (!read) return fail(name, read.error());
    services.insert(services.end(), read->begin(), read->end());
  }
  return services;
}

/// `key=value`, both parts non-empty.
Result<std::pair<std::string, std::string>> split_pair(const std::string& flag,
                                                       const std::string& text) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return fail(ErrorCode::bad_request, fmt::format("-{}={}: write key=value", flag, text));
  }
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<std::int64_t> parse_port(const std::string& text) {
  const auto port = parse_u64(text);
  if (!port || *port > 65535) {
    return fail(ErrorCode::bad_request, "port " + text + ": a number from 0 to 65535 is needed");
  }
  return static_cast<std::int64_t>(*port);
}

/// "10.0.0.1:80", "[fd00::1]:80", or an address alone, whose port is the service's.
Result<api::ServiceAddress> split_address(const std::string& text, std::int64_t port) {
  const auto colon = text.rfind(':');
  const bool bracketed = text.starts_with('[');
  const bool has_port =
      colon != std::string::npos && (bracketed ? text[colon - 1] == ']' : text.find(':') == colon);
  std::string host = has_port ? text.substr(0, colon) : text;
  if (has_port) {
    CONCLAVE_TRY_ASSIGN(port, parse_port(text.substr(colon + 1)));
  }
  if (bracketed && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return api::ServiceAddress{.address = host, .port = port};
}

Result<ServiceDefinition> service_of_flags(const ParsedFlags& flags) {
  ServiceDefinition service;
  service.kind = flags.value("kind").value_or("");
  service.id = flags.value("id").value_or("");
  service.name = flags.value("name").value_or("");
  service.address = flags.value("address").value_or("");
  service.socket_path = flags.value("socket").value_or("");
  service.tags = flags.all("tag");
  CONCLAVE_TRY_ASSIGN(service.port, parse_port(flags.value("port").value_or("0")));
  for (const std::string& text : flags.all("meta")) {
    CONCLAVE_TRY_ASSIGN(auto pair, split_pair("meta", text));
    service.meta.insert_or_assign(std::move(pair.first), std::move(pair.second));
  }
  for (const std::string& text : flags.all("tagged-address")) {
    CONCLAVE_TRY_ASSIGN(const auto pair, split_pair("tagged-address", text));
    CONCLAVE_TRY_ASSIGN(service.tagged_addresses[pair.first],
                        split_address(pair.second, service.port));
  }
  return service;
}

/// What the file says stays; tags and metadata of the flags come on top.
void fill_in(const ServiceDefinition& flags, ServiceDefinition& service) {
  for (auto member : {&ServiceDefinition::kind, &ServiceDefinition::id, &ServiceDefinition::name,
                      &ServiceDefinition::address, &ServiceDefinition::socket_path}) {
    if ((service.*member).empty()) service.*member = flags.*member;
  }
  if (service.port == 0) service.port = flags.port;
  service.tags.insert(service.tags.end(), flags.tags.begin(), flags.tags.end());
  for (const auto& [name, value] : flags.meta) service.meta.insert_or_assign(name, value);
  for (const auto& [name, address] : flags.tagged_addresses) {
    service.tagged_addresses.insert_or_assign(name, address);
  }
}

int complain(Terminal& terminal, std::string_view sentence) {
  terminal.err << sentence << "\n";
  return exit_failed;
}

}  // namespace

int run_services_register(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(
      terminal, register_usage,
      {{"name", false, "name of the service; not together with files"},
       {"id", false, "its ID, unique on the agent [the name]"},
       {"address", false, "where it is reached [the node's address]"},
       {"port", false, "its port [0]"},
       {"socket", false, "path of its UNIX socket, instead of address and port"},
       {"tag", false, "a tag; repeatable"},
       {"meta", false, "key=value of its metadata; repeatable"},
       {"tagged-address", false, "name=address:port for a network; repeatable"},
       {"kind", false, "kind of service [ordinary]"}},
      arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& files = command.flags->positionals();
  const bool by_flags = command.flags->value("name").has_value();
  if (files.empty() && !by_flags) {
    return complain(terminal, "Service registration requires at least one argument or flags.");
  }
  if (!files.empty() && by_flags) {
    return complain(terminal, "Service registration requires arguments or -id, not both.");
  }
  const auto given = service_of_flags(*command.flags);
  if (!given) return complain(terminal, "Error: " + given.error().message);
  auto services = by_flags ? Result<Services>(Services{*given}) : read_files(files, terminal);
  if (!services) return complain(terminal, "Error: " + services.error().message);
  for (ServiceDefinition& service : *services) {
    if (!by_flags) fill_in(*given, service);
    const auto done =
        command.client->expect_ok("PUT", "/v1/agent/service/register", {}, api::to_json(service));
    if (!done) {
      return complain(terminal, fmt::format("Error registering service \"{}\": {}", service.name,
                                            done.error().message));
    }
    terminal.out << "Registered service: " << service.name << "\n";
  }
  return exit_ok;
}

int run_services_deregister(Terminal& terminal, const Arguments& arguments) {
  auto command = begin_client_command(terminal, deregister_usage,
                                      {{"id", false, "ID of the service"}}, arguments);
  if (command.exit_code) return *command.exit_code;
  const auto& files = command.flags->positionals();
  const std::string id = command.flags->value("id").value_or("");
  if (files.empty() && id.empty()) {
    return complain(terminal, "Service deregistration requires at least one argument or flags.");
  }
  if (!files.empty() && !id.empty()) {
    return complain(terminal, "Service deregistration requires arguments or -id, not both.");
  }
  auto services = read_files(files, terminal);
  if (!services) return complain(terminal, "Error: " + services.error().message);
  std::vector<std::string> ids;
  if (!id.empty()) ids.push_back(id);
  for (const ServiceDefinition& service : *services) {
    ids.push_back(service.id.empty() ? service.name : service.id);
  }
  for (const std::string& one : ids) {
    const auto done =
        command.client->expect_ok("PUT", "/v1/agent/service/deregister/" + escape_path(one));
    if (!done) {
      return complain(terminal, fmt::format("Error deregistering service \"{}\": {}", one,
                                            done.error().message));
    }
    terminal.out << "Deregistered service: " << one << "\n";
  }
  return exit_ok;
}

}  // namespace conclave::cli
