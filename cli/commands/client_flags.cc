#include "cli/commands/client_flags.h"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <memory>
#include <ostream>

#include "base/core/text.h"

namespace conclave::cli {
namespace {

/// Answers beyond this are refused, not cut: half a list is a wrong list.
constexpr std::uint64_t answer_bytes_max = std::uint64_t{1} << 30;

std::span<const FlagSpec> client_flags() {
  static const std::array<FlagSpec, 12> flags = {{
      {"http-addr", false, "address of the agent [127.0.0.1:8500], or CONSUL_HTTP_ADDR"},
      {"token", false, "token for the request, or CONSUL_HTTP_TOKEN"},
      {"token-file", false, "file that holds the token, or CONSUL_HTTP_TOKEN_FILE"},
      {"datacenter", false, "datacenter to ask"},
      {"stale", true, "let any server answer, without asking the leader"},
      {"ca-file", false, "PEM file of the authorities to trust, or CONSUL_CACERT"},
      {"ca-path", false, "directory of such files, or CONSUL_CAPATH"},
      {"client-cert", false, "PEM file of the client's certificate, or CONSUL_CLIENT_CERT"},
      {"client-key", false, "PEM file of its key, or CONSUL_CLIENT_KEY"},
      {"tls-server-name", false, "name that the server must have, or CONSUL_TLS_SERVER_NAME"},
      {"namespace", false, "accepted; there are no namespaces"},
      {"partition", false, "accepted; there are no partitions"},
  }};
  return flags;
}

std::optional<std::string> variable(const Terminal& terminal, std::string_view name) {
  for (std::string_view prefix : {"CONCLAVE_", "CONSUL_"}) {
    auto value = terminal.environment(std::string(prefix) + std::string(name));
    if (value && !value->empty()) return value;
  }
  return std::nullopt;
}

/// A flag, or the variable that stands for it.
std::string setting(const ParsedFlags& flags, const Terminal& terminal, std::string_view flag,
                    std::string_view name) {
  if (auto value = flags.value(flag); value && !value->empty()) return *value;
  return variable(terminal, name).value_or("");
}

/// A switch among the variables, in the words of Go's strconv.ParseBool. Any other word is an
/// error: it must not decide whether tokens go out in the clear, or to anybody.
Result<bool> switched(const Terminal& terminal, const char* name, bool otherwise) {
  const auto word = variable(terminal, name);
  if (!word) return otherwise;
  for (const char* yes : {"1", "t", "true"}) {
    if (equal_ignoring_case(*word, yes)) return true;
  }
  for (const char* no : {"0", "f", "false"}) {
    if (equal_ignoring_case(*word, no)) return false;
  }
  return fail(ErrorCode::bad_request,
              fmt::format("CONSUL_{} is \"{}\"; use true or false", name, *word));
}

std::string base_url(std::string address, bool ssl) {
  if (address.empty()) address = "127.0.0.1:8500";
  if (address.starts_with("unix://")) return address;
  if (address.starts_with("https://")) {
    ssl = true;
    address.erase(0, 8);
  }
  for (const std::string_view scheme : {"http://", "tcp://"}) {
    if (address.starts_with(scheme)) address.erase(0, scheme.size());
  }
  while (address.ends_with('/')) address.pop_back();
  return (ssl ? "https://" : "http://") + address;
}

Result<TlsOptions> read_tls_options(const ParsedFlags& flags, const Terminal& terminal) {
  TlsOptions options;
  options.ca_file = setting(flags, terminal, "ca-file", "CACERT");
  options.ca_path = setting(flags, terminal, "ca-path", "CAPATH");
  options.certificate_file = setting(flags, terminal, "client-cert", "CLIENT_CERT");
  options.key_file = setting(flags, terminal, "client-key", "CLIENT_KEY");
  CONCLAVE_TRY_ASSIGN(options.verify, switched(terminal, "HTTP_SSL_VERIFY", true));
  return options;
}

/// In this order: -token-file, -token, the variable that names a file, the one that is the token.
Result<std::string> read_token(const ParsedFlags& flags, const Terminal& terminal) {
  std::string file = flags.value("token-file").value_or("");
  const std::string token = flags.value("token").value_or("");
  if (file.empty() && !token.empty()) return token;
  if (file.empty()) file = variable(terminal, "HTTP_TOKEN_FILE").value_or("");
  if (file.empty()) return variable(terminal, "HTTP_TOKEN").value_or("");
  std::ifstream in(file);
  if (!in) return fail(ErrorCode::io, "cannot read the token file " + file);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  return std::string(trim_spaces(text));
}

std::string escape(std::string_view text, std::string_view also_plain) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (std::isalnum(byte) != 0 && byte < 128) || c == '-' || c == '.' ||
                       c == '_' || c == '~' || also_plain.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

}  // namespace

Result<ClientOptions> read_client_options(const ParsedFlags& flags, const Terminal& terminal) {
  ClientOptions options;
  CONCLAVE_TRY_ASSIGN(const bool ssl, switched(terminal, "HTTP_SSL", false));
  options.base_url = base_url(setting(flags, terminal, "http-addr", "HTTP_ADDR"), ssl);
  CONCLAVE_TRY_ASSIGN(options.token, read_token(flags, terminal));
  CONCLAVE_TRY_ASSIGN(options.tls, read_tls_options(flags, terminal));
  options.tls_server_name = setting(flags, terminal, "tls-server-name", "TLS_SERVER_NAME");
  options.basic_auth = variable(terminal, "HTTP_AUTH").value_or("");
  options.datacenter = flags.value("datacenter").value_or("");
  options.stale = flags.is_on("stale");
  return options;
}

Result<api::ClientResponse> AgentClient::transfer(const std::string& method,
                                                  const std::string& path, Transfer bodies) const {
  api::ClientRequest sent = request(method, path);
  sent.timeout = std::chrono::hours(24);
  sent.body_source = std::move(bodies.source);
  sent.body_source_bytes = bodies.source_bytes;
  sent.body_sink = std::move(bodies.sink);
  return terminal_.http(sent);
}

api::ClientRequest AgentClient::request(const std::string& method, const std::string& path,
                                        std::vector<Query> query, std::string body) const {
  if (!options_.datacenter.empty()) query.push_back({"dc", options_.datacenter});
  if (options_.stale) query.push_back({.name = "stale", .value = "", .bare = true});
  std::string target = path;
  char separator = '?';
  for (const Query& one : query) {
    target += separator + one.name + (one.bare ? "" : "=" + escape_query(one.value));
    separator = '&';
  }
  api::ClientRequest request;
  request.method = method;
  request.body = std::move(body);
  // Consul's client waits as long as the server does, which is 10 minutes at most.
  request.timeout = std::chrono::minutes(10);
  request.body_bytes_max = answer_bytes_max;
  if (options_.base_url.starts_with("unix://")) {
    request.url = options_.base_url;
    request.target = std::move(target);
  } else {
    request.url = options_.base_url + target;
    request.tls = std::make_shared<TlsContext>(options_.tls);
    request.tls_server_name = options_.tls_server_name;
  }
  if (!options_.token.empty()) request.headers.push_back({"X-Consul-Token", options_.token});
  if (!options_.basic_auth.empty()) {
    request.headers.push_back({"Authorization", "Basic " + encode_base64(options_.basic_auth)});
  }
  return request;
}

Result<api::ClientResponse> AgentClient::call(const std::string& method, const std::string& path,
                                              std::vector<Query> query, std::string body) const {
  auto response = terminal_.http(request(method, path, std::move(query), std::move(body)));
  if (response && response->truncated) {
    return fail(ErrorCode::too_large, fmt::format("the answer to {} {} is longer than {} MiB; ask "
                                                  "for a part of it",
                                                  method, path, answer_bytes_max >> 20));
  }
  return response;
}

Result<std::string> AgentClient::node_name() const {
  CONCLAVE_TRY_ASSIGN(const auto self, get<api::JsonValue>("/v1/agent/self"));
  const api::JsonValue* config = self.find("Config");
  const api::JsonValue* name = config == nullptr ? nullptr : config->find("NodeName");
  if (name == nullptr || name->if_string() == nullptr) {
    return fail(ErrorCode::failed, "the answer of /v1/agent/self names no node");
  }
  return *name->if_string();
}

Error unexpected_response(const api::ClientResponse& response) {
  return {ErrorCode::failed, fmt::format("Unexpected response code: {} ({})", response.status,
                                         trim_spaces(response.body))};
}

Result<std::string> AgentClient::expect_ok(const std::string& method, const std::string& path,
                                           std::vector<Query> query, std::string body) const {
  auto response = call(method, path, std::move(query), std::move(body));
  if (!response) return std::unexpected(response.error());
  if (response->status != 200) return std::unexpected(unexpected_response(*response));
  return std::move(response->body);
}

std::string escape_path(std::string_view text) { return escape(text, "/"); }
std::string escape_query(std::string_view text) { return escape(text, ""); }

ClientCommand begin_client_command(Terminal& terminal, std::string_view usage,
                                   std::vector<FlagSpec> own, const Arguments& arguments) {
  ClientCommand command;
  const std::span<const FlagSpec> shared = client_flags();
  const std::string help = fmt::format("{}\n\n{}{}{}Flags for reaching the agent:\n\n{}", usage,
                                       own.empty() ? "" : "Flags:\n\n", describe_flags(own),
                                       own.empty() ? "" : "\n", describe_flags(shared));
  own.insert(own.end(), shared.begin(), shared.end());
  auto flags = parse_flags(own, arguments);
  if (!flags) {
    terminal.err << flags.error().message << "\n" << help;
    command.exit_code = exit_failed;
    return command;
  }
  if (flags->help()) {
    terminal.out << help;
    command.exit_code = exit_ok;
    return command;
  }
  auto options = read_client_options(*flags, terminal);
  if (!options) {
    terminal.err << "Error! " << options.error().message << "\n";
    command.exit_code = exit_failed;
    return command;
  }
  command.client.emplace(terminal, std::move(*options));
  command.flags.emplace(std::move(*flags));
  return command;
}

}  // namespace conclave::cli
