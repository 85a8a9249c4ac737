#pragma once

/// The root certificate that clients of a service mesh ask for (contract 1.1).

#include <cstdint>
#include <string>
#include <tuple>

#include "api/model/field.h"

namespace conclave::api {

struct CaRoot {
  std::string id;  ///< SHA-1 of the certificate, "15:bf:3a:...".
  std::string name;
  std::uint64_t serial_number = 0;
  std::string signing_key_id;  ///< Of its key, "32:64:...".
  std::string trust_domain;    ///< "<uuid>.consul".
  std::string not_before;      ///< RFC 3339, UTC.
  std::string not_after;
  std::string root_cert;  ///< PEM.
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;

  friend bool operator==(const CaRoot&, const CaRoot&) = default;
  static constexpr auto fields() {
    using C = CaRoot;
    return std::tuple{field(1, "ID", &C::id),
                      field(2, "Name", &C::name),
                      field(3, "SerialNumber", &C::serial_number),
                      field(4, "SigningKeyID", &C::signing_key_id),
                      field(5, "ExternalTrustDomain", &C::trust_domain),
                      field(6, "NotBefore", &C::not_before),
                      field(7, "NotAfter", &C::not_after),
                      field(8, "RootCert", &C::root_cert),
                      Constant{"IntermediateCerts", "null"},
                      Constant{"Active", "true"},
                      Constant{"PrivateKeyType", "\"ec\""},
                      Constant{"PrivateKeyBits", "256"},
                      field(9, "CreateIndex", &C::create_index),
                      field(10, "ModifyIndex", &C::modify_index)};
  }
};

}  // namespace conclave::api
