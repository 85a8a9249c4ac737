#pragma once

/// A local state on a loop that the test turns by hand, with clocks that it sets and a data
/// directory of its own.

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "agent/local/local_state.h"

namespace conclave::agent {

class HandClock final : public Clock {
 public:
  Nanos boot_now() const override { return boot; }
  Nanos wall_now() const override { return wall; }
  void advance(Nanos by) { boot += by, wall += by; }
  Nanos boot = std::chrono::hours(1);
  /// Later than any file was written.
  Nanos wall = std::chrono::hours(24 * 365 * 200);
};

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "conclave-agent-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

inline LocalOptions local_options(std::string data_dir = {}) {
  LocalOptions options;
  options.data_dir = std::move(data_dir);
  options.node.id = "11111111-2222-3333-4444-555555555555";
  options.node.node = "n1";
  options.node.address = "10.0.0.1";
  options.node.datacenter = "dc1";
  return options;
}

inline api::ServiceDefinition service_definition(std::string name,
                                                 std::vector<api::CheckDefinition> checks = {}) {
  api::ServiceDefinition service;
  service.name = std::move(name);
  service.checks = std::move(checks);
  return service;
}

inline api::CheckDefinition ttl_definition(std::string name = {}) {
  api::CheckDefinition check;
  check.name = std::move(name);
  check.ttl = std::chrono::seconds(10);
  return check;
}

}  // namespace conclave::agent
