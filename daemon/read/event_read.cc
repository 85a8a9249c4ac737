#include "daemon/read/event_read.h"

#include <re2/re2.h>

#include <algorithm>
#include <map>
#include <memory>

#include "daemon/tables/events.h"
#include "daemon/tables/services.h"

namespace conclave::daemon {

namespace {

/// The filters of the events of one list. Most events have the same few, and each is compiled once.
class Filters {
 public:
  Filters(const ReadRows& rows, std::string_view node) : rows_(rows), node_(node) {}

  bool are_for_node(const api::UserEvent& event) {
    if (!event.node_filter.empty() && !matches(event.node_filter, node_)) return false;
    return event.service_filter.empty() || runs_service(event);
  }

 private:
  bool runs_service(const api::UserEvent& event) {
    bool found = false;
    visit_node_services(rows_, node_, [&](const api::NodeService& service) {
      found = matches(event.service_filter, service.service) &&
              (event.tag_filter.empty() ||
               std::ranges::any_of(service.tags, [&](const std::string& tag) {
                 return matches(event.tag_filter, tag);
               }));
      return !found;
    });
    return found;
  }

  /// Anywhere in the text, as Go's MatchString. What cannot be compiled matches nothing.
  bool matches(const std::string& expression, std::string_view text) {
    const auto [at, made] = patterns_.try_emplace(expression);
    if (made) at->second = std::make_unique<RE2>(expression, RE2::Quiet);
    return at->second->ok() && RE2::PartialMatch(text, *at->second);
  }

  const ReadRows& rows_;
  std::string_view node_;
  std::map<std::string, std::unique_ptr<RE2>> patterns_;
};

}  // namespace

EventListing list_events(const ReadRows& rows, std::string_view node, std::string_view name) {
  EventListing listing;
  Filters filters(rows, node);
  visit_events(rows, [&](const api::UserEvent& event) {
    const bool named = name.empty() || event.name == name;
    if (named && filters.are_for_node(event)) listing.events.push_back(event);
    return true;
  });
  if (!listing.events.empty()) listing.index = api::event_index(listing.events.back().id);
  return listing;
}

Result<void> check_event_filter(std::string_view what, const std::string& expression) {
  const RE2 pattern(expression, RE2::Quiet);
  if (pattern.ok()) return {};
  return fail(ErrorCode::failed, "Invalid " + std::string(what) + " filter: " + pattern.error());
}

}  // namespace conclave::daemon
