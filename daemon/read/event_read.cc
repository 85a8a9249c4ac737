#include "daemon/read/event_read.h"

#include <re2/re2.h>

#include <algorithm>

#include "daemon/tables/events.h"
#include "daemon/tables/services.h"

namespace conclave::daemon {

namespace {

/// Anywhere in the text, as Go's MatchString. What cannot be compiled matches nothing.
bool matches(const std::string& expression, std::string_view text) {
  const RE2 pattern(expression, RE2::Quiet);
  return pattern.ok() && RE2::PartialMatch(text, pattern);
}

bool runs_service(const ReadRows& rows, std::string_view node, const api::UserEvent& event) {
  bool found = false;
  visit_node_services(rows, node, [&](const api::NodeService& service) {
    found =
        matches(event.service_filter, service.service) &&
        (event.tag_filter.empty() || std::ranges::any_of(service.tags, [&](const std::string& tag) {
           return matches(event.tag_filter, tag);
         }));
    return !found;
  });
  return found;
}

bool is_for(const ReadRows& rows, std::string_view node, const api::UserEvent& event) {
  if (!event.node_filter.empty() && !matches(event.node_filter, node)) return false;
  return event.service_filter.empty() || runs_service(rows, node, event);
}

}  // namespace

EventListing list_events(const ReadRows& rows, std::string_view node, std::string_view name) {
  EventListing listing;
  visit_events(rows, [&](const api::UserEvent& event) {
    const bool named = name.empty() || event.name == name;
    if (named && is_for(rows, node, event)) listing.events.push_back(event);
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
