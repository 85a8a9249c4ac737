#include "tests/crash/disk_model.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace conclave::crash {

void DiskModel::apply(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::write:
    case Operation::Kind::truncate: {
      const auto named = names_.find(operation.path);
      if (named == names_.end() || named->second != operation.file) {
        files_[operation.file] = {};  // A new file, perhaps with a number that was used before.
        change_names({.removed = "", .added = operation.path, .file = operation.file});
      }
      File& file = files_[operation.file];
      if (operation.kind == Operation::Kind::write) {
        write(file, operation.at, operation.bytes);
      } else {
        file.current.resize(operation.at, '\0');
      }
      break;
    }
    case Operation::Kind::sync:
      if (const auto file = files_.find(operation.file); file != files_.end()) {
        file->second.durable = file->second.current;
        file->second.versions.clear();
      }
      break;
    case Operation::Kind::rename:
      if (const auto named = names_.find(operation.path); named != names_.end()) {
        change_names({.removed = operation.path, .added = operation.to, .file = named->second});
      }
      break;
    case Operation::Kind::remove:
      if (names_.contains(operation.path)) {
        change_names({.removed = operation.path, .added = "", .file = 0});
      }
      break;
    case Operation::Kind::sync_directory:
      for (const NameChange& change : unsynced_[operation.path]) carry_out(durable_names_, change);
      unsynced_[operation.path].clear();
      break;
    case Operation::Kind::mark:
      break;
  }
}

void DiskModel::write(File& file, std::uint64_t at, std::string_view bytes) {
  if (file.current.size() < at + bytes.size()) file.current.resize(at + bytes.size(), '\0');
  std::ranges::copy(bytes, file.current.begin() + static_cast<std::ptrdiff_t>(at));
  const std::size_t first = at / block_bytes;
  const std::size_t last = (at + bytes.size() - 1) / block_bytes;
  for (std::size_t block = first; block <= last; ++block) {
    file.versions[block].push_back(file.current.substr(block * block_bytes, block_bytes));
  }
}

void DiskModel::change_names(NameChange change) {
  carry_out(names_, change);
  const std::string& path = change.added.empty() ? change.removed : change.added;
  unsynced_[directory_of(path)].push_back(std::move(change));
}

void DiskModel::carry_out(Names& names, const NameChange& change) {
  if (!change.removed.empty()) names.erase(change.removed);
  if (!change.added.empty()) names[change.added] = change.file;
}

std::string DiskModel::directory_of(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

std::string DiskModel::after_power_cut(const File& file, Rng& rng) {
  std::string bytes = file.durable;
  // Now and then everything or nothing arrives: a killed process, an idle disk.
  const std::uint64_t mood = rng.below(8);
  for (const auto& [block, versions] : file.versions) {
    const bool arrives = mood == 0 || (mood != 1 && rng.chance(1, 2));
    if (!arrives) continue;
    const bool newest = mood == 0 || rng.chance(3, 4);
    const std::string& version = newest ? versions.back() : versions[rng.below(versions.size())];
    const std::size_t end = block * block_bytes + version.size();
    if (bytes.size() < end) bytes.resize(end, '\0');
    std::ranges::copy(version, bytes.begin() + static_cast<std::ptrdiff_t>(block * block_bytes));
  }
  return bytes;
}

void DiskModel::build_image(const std::string& directory, Rng& rng) const {
  Names names = durable_names_;
  for (const auto& [parent, changes] : unsynced_) {
    const std::uint64_t kept = rng.below(changes.size() + 1);
    for (std::uint64_t i = 0; i < kept; ++i) carry_out(names, changes[i]);
  }
  for (const auto& [path, number] : names) {
    const std::string target = directory + path;
    std::filesystem::create_directories(std::filesystem::path(target).parent_path());
    std::ofstream file(target, std::ios::binary | std::ios::trunc);
    const std::string bytes = after_power_cut(files_.at(number), rng);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
}

}  // namespace conclave::crash
