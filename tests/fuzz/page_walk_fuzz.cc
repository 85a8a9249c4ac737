// The page walker over a damaged data.mdb: a real one with small, long and deleted rows is patched
// as the input says (which page, where in it, what). It may only say yes or "corrupt", or, where
// the first pages name another LMDB or page size, that it does not know that format.

#include <fcntl.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <string>

#include "base/core/assert.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "base/run/loop.h"
#include "base/run/metrics.h"
#include "daemon/store/page_walk.h"
#include "daemon/store/store.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch.h"

namespace conclave::fuzz {
namespace {

constexpr int patches_max = 8;

/// A store that was filled, checkpointed and closed, once per process.
class Image {
 public:
  Image() {
    set_log_level(LogLevel::error);
    fill();
    const std::string generation = scratch_.path() + "/state/0000000000000001";
    const auto pair = daemon::read_checkpoints(generation);
    CONCLAVE_ASSERT(pair.has_value());
    CONCLAVE_ASSERT(pair->newest.has_value());
    checkpoint_ = *pair->newest;
    const auto meta = daemon::read_meta_pages(checkpoint_.meta_pages);
    CONCLAVE_ASSERT(meta.has_value());
    pages_ = static_cast<std::uint32_t>(meta->last_page) + 1;
    path_ = generation + "/data.mdb";
    CONCLAVE_ASSERT(::truncate(path_.c_str(), static_cast<off_t>(size())) == 0);
    auto bytes = read_file(path_);
    CONCLAVE_ASSERT(bytes.has_value());
    bytes_ = std::move(*bytes);
    auto file = open_file(path_, O_RDWR);
    CONCLAVE_ASSERT(file.has_value());
    file_ = std::move(*file);
    CONCLAVE_ASSERT_WHY(daemon::walk_pages(path_, checkpoint_).has_value(), "nothing is damaged");
  }

  void check(Input input) {
    daemon::Checkpoint checkpoint = checkpoint_;
    std::string bytes = bytes_;
    bool patched_first = false;
    for (int i = 0; i < patches_max && !input.at_end(); ++i) {
      const std::size_t page = input.byte() % pages_;
      const std::size_t at = input.below(daemon::lmdb_page_bytes);
      const std::string_view patch =
          input.take(std::min<std::size_t>(input.byte() % 32u, daemon::lmdb_page_bytes - at));
      // The first two pages are taken from the checkpoint, not from the file.
      if (page < 2) {
        patched_first = true;
        checkpoint.meta_pages.replace(page * daemon::lmdb_page_bytes + at, patch.size(), patch);
      }
      bytes.replace(page * daemon::lmdb_page_bytes + at, patch.size(), patch);
    }
    CONCLAVE_ASSERT(::pwrite(file_.get(), bytes.data(), bytes.size(), 0) ==
                    static_cast<ssize_t>(bytes.size()));
    const auto walked = daemon::walk_pages(path_, checkpoint);
    if (walked) return;
    const ErrorCode code = walked.error().code;
    CONCLAVE_ASSERT(code == ErrorCode::corrupt || (patched_first && code == ErrorCode::failed));
    CONCLAVE_ASSERT(!walked.error().message.empty());
  }

 private:
  std::size_t size() const { return pages_ * daemon::lmdb_page_bytes; }

  void fill() {
    Loop main("main");
    Metrics metrics;
    std::deque<std::function<void()>> steps;
    daemon::StoreOptions options{.directory = scratch_.path() + "/state"};
    options.map_bytes = 1 << 26;
    options.checkpoint_ms = 0;
    options.worker = [&](std::function<void()> step) { steps.push_back(std::move(step)); };
    auto store = daemon::Store::open(options, main, metrics);
    CONCLAVE_ASSERT(store.has_value());
    for (std::uint64_t index = 1; index <= 3; ++index) {
      const auto batch = (*store)->begin();
      change(batch->rows(), index);
      batch->commit({.index = index, .term = 1});
    }
    (*store)->start_checkpoint();
    while (!steps.empty()) {
      const auto step = std::move(steps.front());
      steps.pop_front();
      step();
    }
    main.run_ready();
  }

  static void change(daemon::Rows& rows, std::uint64_t index) {
    for (int i = 0; i < 24; ++i) {
      const std::string key = "key " + std::to_string(index) + " " + std::to_string(i);
      rows.put(key, std::string(static_cast<std::size_t>(i) * 12, 'r'));
    }
    rows.put("long " + std::to_string(index), std::string(4000, 'l'));
    if (index > 1) rows.erase("long " + std::to_string(index - 1));
  }

  Scratch scratch_;
  daemon::Checkpoint checkpoint_;
  std::uint32_t pages_ = 0;
  std::string path_;
  std::string bytes_;
  Descriptor file_;
};

}  // namespace

void check(std::string_view bytes) {
  static Image image;
  image.check(Input(bytes));
}

}  // namespace conclave::fuzz
