#include "tests/crash/explorer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/core/assert.h"
#include "tests/crash/disk_model.h"
#include "tests/crash/machine.h"

namespace conclave::crash {
namespace {

/// Images per child process: a server that ends itself ends only its child.
constexpr std::uint64_t images_per_child = 50;

/// In memory where there is such a place: nothing of this has to reach a disk.
std::string directory_of(std::string_view what, pid_t process) {
  const bool has_memory = std::filesystem::is_directory("/dev/shm");
  return fmt::format("{}/conclave-{}-{}", has_memory ? "/dev/shm" : "/tmp", what, process);
}

/// What a child tells its parent, in shared memory.
struct Report {
  std::uint64_t image;
  char failure[400];
};

class Explorer {
 public:
  explicit Explorer(const ExplorerOptions& options) : options_(options) {
    void* shared =
        ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CONCLAVE_ASSERT(shared != MAP_FAILED);
    report_ = static_cast<Report*>(shared);
  }
  ~Explorer() { ::munmap(report_, sizeof(Report)); }
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;

  Exploration run() {
    record();
    choose_points();
    while (result_.images < points_.size() && result_.failure.empty()) {
      const std::uint64_t until =
          std::min<std::uint64_t>(result_.images + images_per_child, points_.size());
      in_child(result_.images, until);
      advance(until);
    }
    return result_;
  }

 private:
  /// A run with restarts in it, so that power is cut during recovery too.
  void record() {
    const std::string directory = recording_directory(::getpid());
    std::filesystem::create_directories(directory);
    Rng rng(options_.seed);
    Expected expected(options_.seed);
    start_recording(directory);
    std::uint64_t batches = 0;
    while (batches < options_.batches) {
      Machine machine(directory, options_.seed, Rng(rng.next()), options_.split_apply);
      const Result<void> started = machine.start(expected);
      if (!started) {
        result_.failure = "while recording: " + started.error().message;
        break;
      }
      record_mark(machine.last_index());
      for (std::uint64_t i = rng.between(10, 60); i > 0; --i, ++batches) {
        machine.write_batch();
        if (rng.chance(1, 40)) machine.install_snapshot(expected);
      }
      if (rng.chance(1, 3)) {
        machine.install_snapshot(expected, rng.below(80));
      } else {
        machine.leave_batch_unfinished();
      }
      result_.restarts += 1;
    }
    operations_ = stop_recording();
    std::filesystem::remove_all(directory);
    result_.operations = operations_.size();
    for (const Operation& operation : operations_) {
      if (operation.kind == Operation::Kind::mark) result_.acknowledged = operation.at;
    }
  }

  void choose_points() {
    Rng rng(options_.seed + 1);
    for (std::uint64_t i = 0; i < options_.images; ++i) {
      points_.push_back(rng.below(operations_.size() + 1));
    }
    std::ranges::sort(points_);
  }

  void in_child(std::uint64_t from, std::uint64_t until) {
    report_->image = from;
    report_->failure[0] = '\0';
    const pid_t child = ::fork();
    CONCLAVE_ASSERT(child >= 0);
    if (child == 0) {
      if (options_.quiet) {
        const int nowhere = ::open("/dev/null", O_WRONLY);
        ::dup2(nowhere, STDERR_FILENO);
      }
      for (std::uint64_t image = from; image < until; ++image) check(image);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    if (status == 0) return;
    std::filesystem::remove_all(image_directory(child));
    result_.failure = report_->failure[0] != '\0'
                          ? std::string(report_->failure)
                          : fmt::format("the server ended itself, status {:#x}", status);
    result_.failure += fmt::format(" (image {}, after operation {} of {})", report_->image,
                                   points_[report_->image], operations_.size());
    result_.images = report_->image + 1;
  }

  static std::string image_directory(pid_t child) { return directory_of("image", child); }

  /// In the child: one power cut, one start, a little more work, and one more start.
  void check(std::uint64_t image) {
    report_->image = image;
    advance_model(points_[image]);
    const std::string directory = image_directory(::getpid());
    std::filesystem::remove_all(directory);
    std::filesystem::create_directories(directory);
    Rng rng(options_.seed * 1'000'003 + image);
    model_.build_image(directory, rng);
    if (const Result<void> checked = start_and_go_on(directory, rng); !checked) {
      std::strncpy(report_->failure, checked.error().message.c_str(), sizeof(Report::failure) - 1);
      ::_exit(1);
    }
    std::filesystem::remove_all(directory);
  }

  Result<void> start_and_go_on(const std::string& directory, Rng& rng) {
    std::uint64_t reached = acknowledged_;
    for (int round = 0; round < 2; ++round) {
      Machine machine(directory, options_.seed, Rng(rng.next()));
      CONCLAVE_TRY(machine.start(expected_));
      if (machine.last_index() < reached || (reached > 0 && !machine.found_log())) {
        return fail(ErrorCode::corrupt,
                    fmt::format("entries up to {} were acknowledged, {} are left", reached,
                                machine.last_index()));
      }
      for (std::uint64_t i = rng.below(4); i > 0; --i) machine.write_batch();
      if (rng.chance(1, 16)) machine.install_snapshot(expected_);
      CONCLAVE_TRY(machine.verify(expected_));
      reached = machine.applied_index();
    }
    return {};
  }

  void advance(std::uint64_t images) {
    if (!result_.failure.empty()) return;
    result_.images = images;
    advance_model(points_[images - 1]);
  }

  void advance_model(std::uint64_t point) {
    for (; done_ < point; ++done_) {
      model_.apply(operations_[done_]);
      if (operations_[done_].kind == Operation::Kind::mark) acknowledged_ = operations_[done_].at;
    }
  }

  const ExplorerOptions options_;
  Exploration result_;
  std::vector<Operation> operations_;
  std::vector<std::uint64_t> points_;  ///< Ascending: how many operations were done before the cut.
  Report* report_;

  DiskModel model_;
  Expected expected_{options_.seed};
  std::uint64_t done_ = 0;
  std::uint64_t acknowledged_ = 0;
};

}  // namespace

std::string recording_directory(pid_t process) { return directory_of("crash", process); }

Exploration explore(const ExplorerOptions& options) { return Explorer(options).run(); }

}  // namespace conclave::crash
