#pragma once

/// meta.json of a snapshot archive (contract 12): what it holds, and which servers there were.

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/model/field.h"
#include "base/core/result.h"

namespace conclave::api {

struct ArchiveServer {
  std::uint64_t suffrage = 0;  ///< 0 votes, 1 does not.
  std::string id;
  std::string address;

  static constexpr auto fields() {
    return std::tuple{field(0, "Suffrage", &ArchiveServer::suffrage),
                      field(0, "ID", &ArchiveServer::id),
                      field(0, "Address", &ArchiveServer::address)};
  }
};

struct ArchiveConfiguration {
  std::vector<ArchiveServer> servers;

  static constexpr auto fields() {
    return std::tuple{field(0, "Servers", &ArchiveConfiguration::servers)};
  }
};

struct ArchiveMeta {
  std::uint64_t version = 1;
  std::string id;  ///< SHA-256 of state.bin.
  std::uint64_t index = 0;
  std::uint64_t term = 0;
  std::string peers;  ///< Was a list before servers had ids; empty.
  ArchiveConfiguration configuration;
  std::uint64_t configuration_index = 0;
  std::uint64_t size = 0;  ///< Of state.bin.

  static constexpr auto fields() {
    return std::tuple{field(0, "Version", &ArchiveMeta::version),
                      field(0, "ID", &ArchiveMeta::id),
                      field(0, "Index", &ArchiveMeta::index),
                      field(0, "Term", &ArchiveMeta::term),
                      field(0, "Peers", &ArchiveMeta::peers),
                      field(0, "Configuration", &ArchiveMeta::configuration),
                      field(0, "ConfigurationIndex", &ArchiveMeta::configuration_index),
                      field(0, "Size", &ArchiveMeta::size)};
  }
};

std::string encode_archive_meta(const ArchiveMeta& meta);
Result<ArchiveMeta> decode_archive_meta(std::string_view json);

}  // namespace conclave::api
