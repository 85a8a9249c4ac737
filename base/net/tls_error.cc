#include "base/net/tls_error.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <system_error>

namespace conclave {
namespace {

struct Words {
  int code;
  const char* text;
};

/// Alerts of RFC 8446, section 6.
constexpr std::array<Words, 25> alerts = {{
    {10, "unexpected message"},
    {20, "bad record MAC"},
    {22, "record overflow"},
    {40, "handshake failure"},
    {42, "bad certificate"},
    {43, "unsupported certificate"},
    {44, "revoked certificate"},
    {45, "expired certificate"},
    {46, "unknown certificate"},
    {47, "illegal parameter"},
    {48, "unknown certificate authority"},
    {49, "access denied"},
    {50, "error decoding message"},
    {51, "error decrypting message"},
    {70, "protocol version not supported"},
    {71, "insufficient security level"},
    {80, "internal error"},
    {86, "inappropriate fallback"},
    {90, "user canceled"},
    {100, "no renegotiation"},
    {109, "missing extension"},
    {110, "unsupported extension"},
    {112, "unrecognized name"},
    {116, "certificate required"},
    {120, "no application protocol"},
}};

constexpr std::array<Words, 6> own_findings = {{
    {SSL_R_WRONG_VERSION_NUMBER, "tls: first record does not look like a TLS handshake"},
    {SSL_R_HTTP_REQUEST, "tls: first record does not look like a TLS handshake"},
    {SSL_R_PACKET_LENGTH_TOO_LONG, "tls: oversized record received"},
    {SSL_R_UNSUPPORTED_PROTOCOL, "tls: server selected unsupported protocol version"},
    {SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC, "local error: tls: bad record MAC"},
    {SSL_R_UNEXPECTED_MESSAGE, "local error: tls: unexpected message"},
}};

template <std::size_t n>
const char* find(const std::array<Words, n>& table, int code) {
  const auto at = std::ranges::find(table, code, &Words::code);
  return at == table.end() ? nullptr : at->text;
}

}  // namespace

std::string system_error(int code) {
  if (code == ECANCELED || code == EBADF) return "i/o timeout";
  std::string text = std::generic_category().message(code);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

std::string tls_error(unsigned long code) {
  const int reason = ERR_GET_REASON(code);
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
    const char* alert = find(alerts, reason - SSL_AD_REASON_OFFSET);
    const std::string number = "alert(" + std::to_string(reason - SSL_AD_REASON_OFFSET) + ")";
    return "remote error: tls: " + (alert == nullptr ? number : alert);
  }
  if (const char* finding = find(own_findings, reason)) return finding;
  const char* word = ERR_reason_error_string(code);
  return std::string("tls: ") + (word == nullptr ? "handshake failed" : word);
}

}  // namespace conclave
