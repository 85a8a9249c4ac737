#pragma once

/// Why a certificate was refused, as Go's crypto/x509 says it: expired, for somebody else, from an
/// unknown authority, in this order. Internal to base/net.

#include <string>

struct x509_store_ctx_st;

namespace conclave {

/// `chain`: the verification that has just found a fault. `name`: whom we wanted to reach.
std::string x509_error(x509_store_ctx_st* chain, const std::string& name);

}  // namespace conclave
