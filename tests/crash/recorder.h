#pragma once

/// Records what a program does to the files below a directory, in order. The test program defines
/// the system's file functions itself (recorder.cc), so that LMDB's own writes are seen as well as
/// ours. One thread.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace conclave::crash {

struct Operation {
  enum class Kind { write, truncate, sync, rename, remove, sync_directory, mark };
  Kind kind = Kind::mark;
  std::uint64_t file = 0;  ///< Inode: write, truncate, sync.
  std::string path;        ///< Of the file or directory, relative to the root; `from` of a rename.
  std::string to;          ///< rename.
  std::uint64_t at = 0;  ///< write: offset; truncate: size; mark: what was acknowledged up to here.
  std::string bytes;     ///< write.
};

/// Starts a new recording of everything below `root`. Files named `lock` or `lock.mdb` do not
/// count.
void start_recording(std::string root);
std::vector<Operation> stop_recording();
/// Adds a mark: from here on, entries up to `acknowledged` must not be lost.
void record_mark(std::uint64_t acknowledged);

/// Files whose syncs are answered without being done (as by a disk that lies); none by default.
void set_lying_syncs(std::function<bool(const std::string& path)> lies);

}  // namespace conclave::crash
