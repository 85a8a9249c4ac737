#pragma once

/// The two versions: ours, and the one of Consul that clients are told, because they gate features
/// on it. The only place that knows either (contract 6.4 and 17: self, member tags, `version`).

#include <string_view>

namespace conclave {

inline constexpr std::string_view conclave_version = "0.1.0";
inline constexpr std::string_view compatible_version = "1.20.0";

}  // namespace conclave
