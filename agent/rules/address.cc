#include "agent/rules/address.h"

#include <arpa/inet.h>

#include <array>

#include "base/core/text.h"

namespace conclave::agent {

namespace {

bool parse(int family, std::string_view text, std::array<unsigned char, 16>& bytes) {
  return inet_pton(family, std::string(text).c_str(), bytes.data()) == 1;
}

}  // namespace

IpFamily ip_family(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  if (parse(AF_INET, text, bytes)) return IpFamily::v4;
  if (parse(AF_INET6, text, bytes)) return IpFamily::v6;
  return IpFamily::none;
}

bool is_unspecified_address(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  std::array<unsigned char, 16> bytes{};
  if (!parse(AF_INET, text, bytes) && !parse(AF_INET6, text, bytes)) return false;
  return bytes == std::array<unsigned char, 16>{};
}

std::optional<HostPort> split_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.contains(':')) {
    return std::nullopt;
  }
  const auto port = parse_u64(text.substr(colon + 1));
  if (!port || *port > 65535 || host.empty()) return std::nullopt;
  return HostPort{std::string(host), static_cast<std::uint16_t>(*port)};
}

}  // namespace conclave::agent
