#include "cli/commands/watch_follower.h"

#include <utility>

#include "cli/commands/watch.h"

namespace conclave::cli {

Task<Result<Found>> WatchFollower::ask() {
  if (!plan_.by_hash) return agent_.get_newer(plan_.path, plan_.query, index_, wait_);
  return agent_.get_other(plan_.path, plan_.query, hash_, wait_);
}

Task<Result<WatchFollower::News>> WatchFollower::next() {
  for (;;) {
    const auto found = co_await ask();
    auto json = found ? plan_.shape(found->exists, found->body)
                      : Result<std::string>(std::unexpected(found.error()));
    // Of what is not there is no hash to wait on.
    if (json && plan_.by_hash && !found->exists) json = fail(ErrorCode::not_found, found->body);
    if (!json) {
      index_ = 0;
      hash_.clear();
      co_return std::unexpected(json.error());
    }
    if (auto news = take(*found, std::move(*json))) co_return std::move(*news);
  }
}

/// nullopt: it is what was told before.
std::optional<WatchFollower::News> WatchFollower::take(const Found& found, std::string json) {
  hash_ = found.content_hash;
  const std::uint64_t previous =
      std::exchange(index_, plan_.events ? found.index : next_watch_index(index_, found.index));
  if (previous != 0 && previous == found.index) return std::nullopt;
  if (shown_ == json) return std::nullopt;
  const bool first = !std::exchange(shown_, json);
  if (plan_.events) {
    json = unseen_events(json, &seen_events_).value_or(json);
    // Events may also have gone from the list.
    if (json == "[]" && !first) return std::nullopt;
  }
  return News{found.index, std::move(json)};
}

}  // namespace conclave::cli
