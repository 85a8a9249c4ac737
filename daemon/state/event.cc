#include "daemon/state/event.h"

#include <string>
#include <utility>
#include <vector>

#include "daemon/state/step.h"
#include "daemon/tables/events.h"

namespace conclave::daemon {
namespace {

struct Kept {
  std::string id;
  std::uint64_t revision;
};

/// The new one takes the place of the oldest.
void make_room(Step& step) {
  std::vector<Kept> kept;
  visit_events(step.rows(), [&](const api::UserEvent& event) {
    kept.push_back({event.id, event.ltime});
    return true;
  });
  for (std::size_t i = 0; i + events_max <= kept.size(); ++i) {
    step.erase_object(TopicKind::events, kept[i].id, event_key(kept[i].revision));
  }
}

}  // namespace

Outcome apply_fire_event(const FireEvent& command, const ApplyTime& time, Rows& rows,
                         ChangeSet& changes) {
  Step step(rows, time);
  if (command.event.name.empty()) {
    return step.finish(Outcome{.error = "User event missing name"}, changes);
  }
  make_room(step);
  api::UserEvent event = command.event;
  event.ltime = step.revision();
  step.put_object(TopicKind::events, event.id, event_key(event.ltime), api::encode_record(event));
  step.touch(TopicKind::events);
  return step.finish(Outcome{.done = true, .created = event.id}, changes);
}

}  // namespace conclave::daemon
