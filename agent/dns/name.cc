#include "agent/dns/name.h"

#include <fmt/format.h>

#include "base/core/text.h"

namespace conclave::dns {

std::optional<std::string> name_from_text(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  std::string name;
  while (!text.empty()) {
    const std::size_t dot = text.find('.');
    const std::string_view label = text.substr(0, dot);
    if (label.empty() || label.size() > label_bytes_max) return std::nullopt;
    name += static_cast<char>(label.size());
    name += label;
    if (dot == text.npos) break;
    text.remove_prefix(dot + 1);
    if (text.empty()) return std::nullopt;
  }
  name += '\0';
  if (name.size() > name_bytes_max) return std::nullopt;
  return name;
}

std::string name_text(std::string_view name) {
  std::string text;
  for (const std::string_view label : labels_of(name)) {
    for (const char c : label) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte <= ' ' || byte > '~') {
        text += fmt::format("\\{:03}", byte);
      } else {
        if (c == '.' || c == '\\') text += '\\';
        text += c;
      }
    }
    text += '.';
  }
  return text.empty() ? "." : text;
}

std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  while (!name.empty() && name[0] != '\0') {
    const auto size = static_cast<unsigned char>(name[0]);
    labels.push_back(name.substr(1, size));
    name.remove_prefix(std::min<std::size_t>(name.size(), size + 1u));
  }
  return labels;
}

std::optional<std::string> name_from_labels(const std::vector<std::string_view>& labels) {
  std::string name;
  for (const std::string_view label : labels) {
    name += static_cast<char>(label.size());
    name += label;
  }
  name += '\0';
  if (name.size() > name_bytes_max) return std::nullopt;
  return name;
}

bool equal_names(std::string_view a, std::string_view b) { return equal_ignoring_case(a, b); }

std::optional<std::size_t> find_domain(std::string_view name, std::string_view domain) {
  for (std::size_t at = 0; at < name.size(); at += static_cast<unsigned char>(name[at]) + 1u) {
    const std::size_t left = name.size() - at;
    if (left < domain.size()) return std::nullopt;
    if (left == domain.size() && equal_names(name.substr(at), domain)) return at;
    if (name[at] == '\0') return std::nullopt;
  }
  return std::nullopt;
}

std::string prepend_label(std::string_view label, std::string_view name) {
  std::string longer;
  longer.reserve(label.size() + name.size() + 1);
  longer += static_cast<char>(label.size());
  longer += label;
  longer += name;
  return longer;
}

bool is_name(std::string_view name) {
  if (name.size() > name_bytes_max) return false;
  std::size_t at = 0;
  while (at < name.size() && name[at] != '\0') {
    const auto size = static_cast<unsigned char>(name[at]);
    if (size > label_bytes_max) return false;
    at += size + 1u;
  }
  return at + 1 == name.size();
}

}  // namespace conclave::dns
