#include "cli/config/keys.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace conclave::cli {
namespace {

std::string_view parent_of(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view{} : path.substr(0, dot);
}

std::string_view last_name(std::string_view path) {
  const auto dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

/// Every known path, groups included: "ports" and "ports.http".
const std::set<std::string_view>& all_paths() {
  static const std::set<std::string_view> paths = [] {
    std::set<std::string_view> all;
    for (const KeyRule& rule : key_rules()) {
      for (std::string_view path = rule.path; !path.empty(); path = parent_of(path)) {
        all.insert(path);
      }
    }
    return all;
  }();
  return paths;
}

}  // namespace

const KeyRule* find_key_rule(std::string_view path) {
  const auto rules = key_rules();
  const auto at = std::ranges::lower_bound(rules, path, {}, &KeyRule::path);
  return at != rules.end() && at->path == path ? &*at : nullptr;
}

bool is_key_group(std::string_view path) {
  return find_key_rule(path) == nullptr && all_paths().contains(path);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above + 1, row[j - 1] + 1, change});
      diagonal = above;
    }
  }
  return row[b.size()];
}

std::string nearest_key(std::string_view unknown_path) {
  const std::string_view parent = parent_of(unknown_path);
  const std::string_view name = last_name(unknown_path);
  std::string_view best_sibling;
  std::pair best_distance{~std::size_t{0}, std::size_t{0}};
  std::string_view namesake;
  for (std::string_view path : all_paths()) {
    if (parent_of(path) == parent) {
      const bool begun = name.size() > 2 && last_name(path).starts_with(name);
      const std::size_t changes = edit_distance(last_name(path), name);
      const std::pair distance{begun ? 1 : changes, changes};
      if (distance < best_distance) {
        best_distance = distance;
        best_sibling = path;
      }
    } else if (last_name(path) == name && namesake.empty()) {
      namesake = path;
    }
  }
  const bool close = best_distance.first <= std::max<std::size_t>(1, name.size() / 3);
  if (!close && !namesake.empty()) return std::string(namesake);
  return std::string(best_sibling);
}

}  // namespace conclave::cli
