#pragma once

/// A disk that has seen recorded operations and may lose power. What was synced is there; of what
/// was not, each 4 KiB block is there in some version or not at all, and changes of a directory are
/// there up to some point.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/core/rng.h"
#include "tests/crash/recorder.h"

namespace conclave::crash {

class DiskModel {
 public:
  void apply(const Operation& operation);
  /// Writes the files as they may be after a power cut now, below `directory`, which is empty.
  void build_image(const std::string& directory, Rng& rng) const;

 private:
  static constexpr std::size_t block_bytes = 4096;

  struct File {
    std::string durable;
    std::string current;
    /// Block number -> its contents after each write since the last sync.
    std::map<std::size_t, std::vector<std::string>> versions;
  };
  struct NameChange {
    std::string removed;  ///< "" = none.
    std::string added;    ///< "" = none.
    std::uint64_t file = 0;
  };
  using Names = std::map<std::string, std::uint64_t>;

  void write(File& file, std::uint64_t at, std::string_view bytes);
  void change_names(NameChange change);
  static void carry_out(Names& names, const NameChange& change);
  static std::string directory_of(const std::string& path);
  static std::string after_power_cut(const File& file, Rng& rng);

  std::map<std::uint64_t, File> files_;
  Names names_;
  Names durable_names_;
  std::map<std::string, std::vector<NameChange>> unsynced_;  ///< By directory, in order.
};

}  // namespace conclave::crash
