#pragma once

/// A self-signed root certificate that signs nothing: its key is forgotten as it is made. For those
/// who only ask whether there is one (contract 1.1).

#include <cstdint>
#include <string>

#include "base/core/duration.h"
#include "base/core/result.h"

namespace conclave {

struct SelfSignedRoot {
  std::string pem;
  std::string fingerprint;  ///< SHA-1 of the certificate, "15:bf:3a:...".
  std::string key_id;       ///< Its subject key identifier, likewise.
  std::uint64_t serial_number = 0;
  std::string not_before;  ///< RFC 3339, UTC.
  std::string not_after;
};

/// Good for ten years from `unix_now`. `name` is the subject's common name, `uri` its alternative
/// name.
Result<SelfSignedRoot> make_self_signed_root(const std::string& name, const std::string& uri,
                                             Nanos unix_now);

}  // namespace conclave
