#include "agent/rules/output.h"

#include <algorithm>

namespace conclave::agent {

std::uint64_t output_limit(std::int64_t own, std::uint64_t agents) {
  return own > 0 ? std::min(static_cast<std::uint64_t>(own), agents) : agents;
}

std::string shorten_update(std::string output, std::uint64_t limit) {
  if (output.size() <= limit) return output;
  const std::size_t total = output.size();
  output.resize(limit);
  return output + " ... (captured " + std::to_string(limit) + " of " + std::to_string(total) +
         " bytes)";
}

std::string script_output(std::string tail, std::uint64_t total_bytes) {
  if (total_bytes <= tail.size()) return tail;
  return "Captured " + std::to_string(tail.size()) + " of " + std::to_string(total_bytes) +
         " bytes\n...\n" + tail;
}

std::string timeout_output(Nanos timeout, std::string_view output) {
  std::string text = "Timed out (" + format_duration(timeout) + ") running check";
  if (!output.empty()) text.append("\n\n").append(output);
  return text;
}

std::string ttl_expired_output(std::string_view last) {
  if (last.empty()) return "TTL expired";
  return "TTL expired (last output before timeout follows): " + std::string(last);
}

}  // namespace conclave::agent
