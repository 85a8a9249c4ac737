#include "agent/dns/views.h"

#include <utility>
#include <vector>

namespace conclave::dns {

Views::Views(Loop& loop, const Clock& clock, Directory& directory, ViewLimits limits,
             Metrics& metrics)
    : loop_(loop),
      clock_(clock),
      directory_(directory),
      limits_(limits),
      kept_(metrics.gauge("consul.dns.views", "Subjects that DNS can answer from memory")),
      looked_(metrics.counter("consul.dns.lookups", "Subjects that DNS had to look up")),
      stale_(metrics.counter("consul.dns.stale_queries",
                             "Answers of DNS from what was known before")) {
  directory_.tell(this);
}

Views::~Views() { directory_.tell(nullptr); }

void Views::set_options(const DnsOptions& options) {
  freshness_ = {options.allow_stale, options.max_stale};
  only_passing_ = options.only_passing;
  forget_all();
}

void Views::forget_all() {
  while (!found_.empty()) drop(found_.begin());
  while (!fleeting_.empty()) drop(fleeting_.begin());
  for (auto& [subject, look] : looks_) look->useless = true;
}

bool Views::is_fleeting(const View& view) {
  return view.known->is_nothing() || view.subject.kind == Subject::Kind::owner;
}

Known Views::at_hand(const Subject& subject) {
  if (!freshness_.allow_stale) return nullptr;
  const auto place = views_.find(subject);
  if (place == views_.end()) return nullptr;
  View& view = *place->second;
  const Nanos now = clock_.boot_now();
  if (view.outdated || now - directory_.last_contact() > freshness_.max_stale) return nullptr;
  Order& order = order_of(view);
  if (&order == &fleeting_ && now - view.found_at > limits_.fleeting_age_max) return nullptr;
  view.used_at = now;
  if (order.begin() != place->second) order.splice(order.begin(), order, place->second);
  return view.known;
}

Task<Result<Known>> Views::find(Subject subject) {
  const auto [place, is_first] = looks_.try_emplace(subject, nullptr);
  if (!is_first) {
    const std::shared_ptr<Look> look = place->second;
    while (!look->over) co_await look->done.wait_for(std::chrono::minutes(1));
    co_return look->result;
  }
  place->second = std::make_shared<Look>(loop_);
  co_return co_await look(std::move(subject), place->second);
}

Task<Result<Known>> Views::look(Subject subject, std::shared_ptr<Look> look) {
  looked_.add();
  Result<Finding> found = co_await directory_.find(subject, freshness_);
  looks_.erase(subject);
  if (found) {
    // What prepared queries find was chosen by their own rules.
    settle(*found, only_passing_ && subject.kind == Subject::Kind::service);
    const auto known = std::make_shared<const Finding>(std::move(*found));
    // A change that was told while the finding was under way is in it, or makes it useless.
    if (!look->useless && look->changed_at <= known->revision) keep(subject, known);
    if (!views_.contains(subject)) directory_.let_go(subject);
    look->result = known;
  } else {
    look->result = known_last(subject, std::move(found).error());
  }
  look->over = true;
  look->done.notify_all();
  co_return look->result;
}

Result<Known> Views::known_last(const Subject& subject, Error error) {
  const auto place = views_.find(subject);
  const Nanos age = clock_.boot_now() - directory_.last_contact();
  if (place == views_.end() || !freshness_.allow_stale || age > freshness_.max_stale) {
    return std::unexpected(std::move(error));
  }
  stale_.add();
  return place->second->known;
}

void Views::keep(const Subject& subject, const Known& known) {
  // It goes on being watched if it is one that is.
  if (const auto old = views_.find(subject); old != views_.end()) erase(old->second);
  const Nanos now = clock_.boot_now();
  View view{.subject = subject, .known = known, .found_at = now, .used_at = now};
  const bool is_found = !is_fleeting(view);
  view.bytes = is_found ? bytes_of(*known) : 0;
  Order& order = is_found ? found_ : fleeting_;
  const std::size_t most = is_found ? limits_.found_max : limits_.fleeting_max;
  const std::uint64_t bytes_max = is_found ? limits_.found_bytes_max : UINT64_MAX;
  while (!order.empty() && (order.size() >= most || found_bytes_ + view.bytes > bytes_max)) {
    drop(std::prev(order.end()));
  }
  found_bytes_ += view.bytes;
  order.push_front(std::move(view));
  views_.emplace(subject, order.begin());
  kept_.set(static_cast<double>(views_.size()));
}

void Views::erase(Order::iterator view) {
  found_bytes_ -= view->bytes;
  views_.erase(view->subject);
  order_of(*view).erase(view);
}

void Views::drop(Order::iterator view) {
  directory_.let_go(view->subject);
  erase(view);
  kept_.set(static_cast<double>(views_.size()));
}

void Views::sweep() {
  const Nanos now = clock_.boot_now();
  const auto drop_older = [&](Order& order, Nanos age_max) {
    while (!order.empty() && now - order.back().used_at > age_max) drop(std::prev(order.end()));
  };
  drop_older(found_, limits_.idle_max);
  drop_older(fleeting_, limits_.idle_max);
}

void Views::changed(const Subject& subject, std::uint64_t revision) {
  if (const auto place = views_.find(subject); place != views_.end()) {
    if (place->second->known->revision < revision) place->second->outdated = true;
  }
  if (const auto place = looks_.find(subject); place != looks_.end()) {
    place->second->changed_at = std::max(place->second->changed_at, revision);
  }
}

void Views::queries_changed(std::uint64_t revision) {
  std::vector<Subject> queries;
  for (const auto& [subject, view] : views_) {
    if (subject.kind == Subject::Kind::query) queries.push_back(subject);
  }
  for (const auto& [subject, look] : looks_) {
    if (subject.kind == Subject::Kind::query) queries.push_back(subject);
  }
  for (const Subject& query : queries) changed(query, revision);
}

void Views::everything_changed() {
  for (auto& [subject, view] : views_) view->outdated = true;
  for (auto& [subject, look] : looks_) look->useless = true;
}

}  // namespace conclave::dns
