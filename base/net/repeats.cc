#include "base/net/repeats.h"

namespace conclave {
namespace {

constexpr Nanos quiet_for = std::chrono::minutes(1);
constexpr std::size_t noted_max = 256;

}  // namespace

bool Repeats::is_new(const std::string& what, Nanos now) {
  const auto is_old = [now](const auto& note) { return now - note.second >= quiet_for; };
  const auto at = noted_.find(what);
  if (at != noted_.end() && !is_old(*at)) return false;
  if (noted_.size() >= noted_max) std::erase_if(noted_, is_old);
  if (noted_.size() >= noted_max) return false;
  noted_[what] = now;
  return true;
}

}  // namespace conclave
