#pragma once

/// Watches of configuration files (contract 16.2): what to watch, and what to run when it changes.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "api/model/field.h"
#include "base/core/duration.h"
#include "base/core/result.h"
#include "cli/config/settings.h"

namespace conclave::cli {

/// handler_type "http": the result goes to an address.
struct WatchHttpHandler {
  std::string path;
  std::string method = "POST";
  Nanos timeout{std::chrono::seconds(10)};
  std::map<std::string, std::vector<std::string>> header;
  bool tls_skip_verify = false;

  friend bool operator==(const WatchHttpHandler&, const WatchHttpHandler&) = default;
  static constexpr auto fields() {
    using W = WatchHttpHandler;
    return std::tuple{api::field(0, "path", &W::path), api::field(0, "method", &W::method),
                      api::field(0, "timeout", &W::timeout), api::field(0, "header", &W::header),
                      api::field(0, "tls_skip_verify", &W::tls_skip_verify)};
  }
};

struct WatchDefinition {
  std::string type;
  std::string key;         ///< key
  std::string prefix;      ///< keyprefix
  std::string service;     ///< service, checks
  std::string state;       ///< checks
  std::string name;        ///< event
  std::string service_id;  ///< agent_service
  std::string filter;
  std::vector<std::string> tag;  ///< service; a text counts as a list of one.
  bool passing_only = false;     ///< service
  bool stale = false;
  std::string datacenter;
  std::string token;
  std::vector<std::string> args;  ///< Program and arguments.
  std::string handler;            ///< Or a line for the shell.
  std::string handler_type = "script";
  std::optional<WatchHttpHandler> http_handler_config;

  friend bool operator==(const WatchDefinition&, const WatchDefinition&) = default;
  static constexpr auto fields() {
    using W = WatchDefinition;
    return std::tuple{api::field(0, "type", &W::type),
                      api::field(0, "key", &W::key),
                      api::field(0, "prefix", &W::prefix),
                      api::field(0, "service", &W::service),
                      api::field(0, "state", &W::state),
                      api::field(0, "name", &W::name),
                      api::field(0, "service_id", &W::service_id),
                      api::field(0, "filter", &W::filter),
                      api::field(0, "tag", &W::tag),
                      api::field(0, "passingonly", &W::passing_only),
                      api::field(0, "stale", &W::stale),
                      api::field(0, "datacenter", &W::datacenter),
                      api::field(0, "token", &W::token),
                      api::field(0, "args", &W::args),
                      api::field(0, "handler", &W::handler),
                      api::field(0, "handler_type", &W::handler_type),
                      api::field(0, "http_handler_config", &W::http_handler_config)};
  }
};

/// Reads one and checks it: the type, the parameters that belong to it, one handler. Errors have
/// Consul's texts where it has some.
Result<WatchDefinition> read_watch(const Definition& given);

}  // namespace conclave::cli
