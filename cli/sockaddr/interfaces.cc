#include "cli/sockaddr/interfaces.h"

namespace conclave::cli::sockaddr {

std::string describe(const Interfaces& interfaces) {
  if (interfaces.empty()) return "none";
  std::string text;
  std::string_view previous;
  for (const InterfaceAddress& one : interfaces) {
    if (one.name != previous) text += (text.empty() ? "" : ", ") + one.name;
    text += " " + one.network.text();
    previous = one.name;
  }
  return text;
}

}  // namespace conclave::cli::sockaddr
