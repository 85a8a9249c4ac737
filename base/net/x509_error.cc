#include "base/net/x509_error.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <vector>

namespace conclave {
namespace {

/// Beyond this, names are only counted.
constexpr std::size_t names_shown_max = 100;
constexpr unsigned int name_flags =
    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

std::string time_text(const std::tm& time) {
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", time.tm_year + 1900, time.tm_mon + 1,
                     time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec);
}

std::string time_text(const ASN1_TIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? time_text(parts) : "an unreadable time";
}

/// "" when the certificate is valid now.
std::string time_fault(const X509* certificate) {
  const bool early = X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0;
  const bool late = X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0;
  if (!early && !late) return {};
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  return fmt::format(
      "certificate has expired or is not yet valid: current time {} is {} {}", time_text(parts),
      late ? "after" : "before",
      time_text(late ? X509_get0_notAfter(certificate) : X509_get0_notBefore(certificate)));
}

/// What the peer sent is not trusted: it goes into logs and onto terminals.
std::string printable(const ASN1_STRING* text) {
  std::string out(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                  static_cast<std::size_t>(ASN1_STRING_length(text)));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = '?';
  }
  return out;
}

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  char out[INET6_ADDRSTRLEN] = "";
  const int family = ASN1_STRING_length(bytes) == 4 ? AF_INET : AF_INET6;
  if (ASN1_STRING_length(bytes) != 4 && ASN1_STRING_length(bytes) != 16) return "?";
  ::inet_ntop(family, ASN1_STRING_get0_data(bytes), out, sizeof out);
  return out;
}

/// The subject's alternative names of one kind.
std::vector<std::string> names_of(const X509* certificate, int kind) {
  std::vector<std::string> names;
  auto* found = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(found); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(found, i);
    if (name->type != kind) continue;
    names.push_back(kind == GEN_DNS ? printable(name->d.dNSName) : address_text(name->d.iPAddress));
  }
  GENERAL_NAMES_free(found);
  return names;
}

/// "" when the certificate is for `name`.
std::string name_fault(X509* certificate, const std::string& name) {
  if (name.empty()) return {};
  const bool address = X509_check_ip_asc(certificate, name.c_str(), 0) != -2;
  const std::string plain =
      !address && name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
  if (address
          ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
          : X509_check_host(certificate, plain.data(), plain.size(), name_flags, nullptr) == 1) {
    return {};
  }
  const std::vector<std::string> names = names_of(certificate, address ? GEN_IPADD : GEN_DNS);
  if (names.empty() && address) {
    return "cannot validate certificate for " + name + " because it doesn't contain any IP SANs";
  }
  if (names.empty()) return "certificate is not valid for any names, but wanted to match " + name;
  if (names.size() > names_shown_max) {
    return fmt::format("certificate is valid for {} names, but none matched {}", names.size(),
                       name);
  }
  return fmt::format("certificate is valid for {}, not {}", fmt::join(names, ", "), name);
}

std::string fault_of(int code) {
  switch (code) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return "certificate signed by unknown authority";
    case X509_V_ERR_INVALID_PURPOSE:
      return "certificate specifies an incompatible key usage";
    case X509_V_ERR_INVALID_CA:
      return "invalid signature: parent certificate cannot sign this kind of certificate";
    default:
      return X509_verify_cert_error_string(code);
  }
}

}  // namespace

std::string x509_error(x509_store_ctx_st* chain, const std::string& name) {
  const int code = X509_STORE_CTX_get_error(chain);
  X509* leaf = X509_STORE_CTX_get0_cert(chain);
  const X509* at_fault = X509_STORE_CTX_get_current_cert(chain);
  const bool by_time = code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID;
  std::string fault;
  if (leaf != nullptr) fault = time_fault(leaf);
  if (fault.empty() && by_time && at_fault != nullptr) fault = time_fault(at_fault);
  if (fault.empty() && leaf != nullptr) fault = name_fault(leaf, name);
  return "x509: " + (fault.empty() ? fault_of(code) : fault);
}

}  // namespace conclave
