#pragma once

/// Domain names as they stand in a message: labels of 1 to 63 bytes with their lengths before them,
/// and the root's zero at the end; 255 bytes at most, never compressed. Case is kept, and does not
/// count when names are compared. Labels may hold any byte.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::dns {

inline constexpr std::size_t label_bytes_max = 63;
inline constexpr std::size_t name_bytes_max = 255;

/// From "web.service.consul" or "web.service.consul."; nullopt if a label is empty or too long, or
/// all of it is too long. "." and "" are the root.
std::optional<std::string> name_from_text(std::string_view text);
/// "web.service.consul."; for the log and for tests. Bytes that are not printable become \ddd.
std::string name_text(std::string_view name);

/// Without lengths, in their order; the root has none.
std::vector<std::string_view> labels_of(std::string_view name);
/// Of labels that name_from_text() would accept; nullopt beyond 255 bytes.
std::optional<std::string> name_from_labels(const std::vector<std::string_view>& labels);

bool equal_names(std::string_view a, std::string_view b);
/// Where `domain` begins in `name`, which is that domain or lies below it; nullopt otherwise.
std::optional<std::size_t> find_domain(std::string_view name, std::string_view domain);

/// A label in front of a name. The result may be too long: is_name() tells.
std::string prepend_label(std::string_view label, std::string_view name);
/// Whether all labels and the whole have lengths that may be sent.
bool is_name(std::string_view name);

}  // namespace conclave::dns
