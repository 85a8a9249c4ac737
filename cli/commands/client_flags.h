#pragma once

/// What every client command shares: where the agent is and who asks (contract 17), from flags,
/// CONSUL_* and CONCLAVE_* variables, and calls to it.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/codec/reader.h"
#include "base/core/result.h"
#include "base/net/tls_context.h"
#include "cli/commands/command.h"
#include "cli/commands/flags.h"

namespace conclave::cli {

struct ClientOptions {
  std::string base_url;  ///< "http://127.0.0.1:8500", "https://…" or "unix:///path".
  std::string token;
  std::string basic_auth;  ///< "user:password", "" = none.
  std::string datacenter;
  bool stale = false;
  TlsOptions tls{};
  std::string tls_server_name;
};

/// What an answer says, however long it is: AgentClient has refused what is too long.
template <class T>
Result<T> decode_answer(const std::string& body) {
  CONCLAVE_TRY_ASSIGN(const auto json, api::parse_json(body, {.bytes_max = body.size()}));
  T out{};
  CONCLAVE_TRY(api::read_json(json, out));
  return out;
}

/// Flags win over variables; CONCLAVE_X wins over CONSUL_X. As in Consul, CONSUL_HTTP_SSL makes
/// https of http:// too: once TLS was asked for, nothing goes out in the clear.
Result<ClientOptions> read_client_options(const ParsedFlags& flags, const Terminal& terminal);

/// The agent, as commands see it.
class AgentClient {
 public:
  AgentClient(Terminal& terminal, ClientOptions options)
      : terminal_(terminal), options_(std::move(options)) {}

  struct Query {
    std::string name;
    std::string value;
    bool bare = false;  ///< Only the name.
  };

  /// `path` is already escaped. Adds dc, stale and the token.
  api::ClientRequest request(const std::string& method, const std::string& path,
                             std::vector<Query> query = {}, std::string body = {}) const;
  /// Any status is a response.
  Result<api::ClientResponse> call(const std::string& method, const std::string& path,
                                   std::vector<Query> query = {}, std::string body = {}) const;
  /// The same of bodies that are too large for memory. Either may be missing.
  struct Transfer {
    std::function<Result<std::string>()> source = {};
    std::uint64_t source_bytes = 0;
    std::function<Result<void>(std::string_view)> sink = {};
  };
  Result<api::ClientResponse> transfer(const std::string& method, const std::string& path,
                                       Transfer bodies) const;
  /// The same, for which every status but 200 is an error: `Unexpected response code: 500 (text)`.
  Result<std::string> expect_ok(const std::string& method, const std::string& path,
                                std::vector<Query> query = {}, std::string body = {}) const;
  /// What a GET answers, read into a T.
  template <class T>
  Result<T> get(const std::string& path, std::vector<Query> query = {}) const {
    CONCLAVE_TRY_ASSIGN(const std::string body, expect_ok("GET", path, std::move(query)));
    return decode_answer<T>(body);
  }
  /// The name of the agent's node: what commands ask first, to know that there is an agent.
  Result<std::string> node_name() const;

 private:
  Terminal& terminal_;
  ClientOptions options_;
};

/// The sentence for a response that should not have come.
Error unexpected_response(const api::ClientResponse& response);

/// Percent-encodes everything but unreserved characters and, in paths, the slash.
std::string escape_path(std::string_view text);
std::string escape_query(std::string_view text);

/// Parses the flags of a client command and builds its client. Prints help or the error itself;
/// then `exit_code` is set. `usage` is what the help begins with: the line of usage, then what the
/// command does and how it is used.
struct ClientCommand {
  std::optional<int> exit_code;
  std::optional<ParsedFlags> flags;
  std::optional<AgentClient> client;
};
ClientCommand begin_client_command(Terminal& terminal, std::string_view usage,
                                   std::vector<FlagSpec> own, const Arguments& arguments);

}  // namespace conclave::cli
