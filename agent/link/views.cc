#include "agent/link/views.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "agent/link/shared_queries.h"
#include "api/http/target.h"
#include "base/core/text.h"
#include "base/run/sleep.h"

namespace conclave::agent {
namespace {

constexpr Nanos refresh_wait = std::chrono::minutes(5);
/// A view whose server could not answer is tried again after this.
constexpr Nanos retry_after = std::chrono::seconds(2);
/// Views that change all the time are not read more often than this.
constexpr Nanos refresh_period = std::chrono::milliseconds(100);
constexpr std::int64_t seconds_max = 1'000'000'000;

std::string_view header_of(const api::Response& response, std::string_view name) {
  for (const api::Header& header : response.headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return {};
}

/// The target with or without some parameters.
std::string rebuilt(const api::Request& request, std::string_view more) {
  std::string out(std::string_view(request.target).substr(0, request.target.find('?')));
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    if (name == "cached" || name == "pretty" || name == "wait") continue;
    out.append(1, std::exchange(separator, '&')).append(api::percent_encode(name));
    if (!value.empty()) out.append(1, '=').append(api::percent_encode(value));
  }
  if (!more.empty()) out.append(1, separator).append(more);
  return out;
}

void retarget(api::Request& request, const std::string& target) {
  request.query.clear();
  static_cast<void>(api::parse_target(target, request));
}

}  // namespace

struct Views::View {
  std::string identity;
  api::Request request;  ///< Without ?cached.
  api::Response kept;    ///< With a shared body.
  std::string index;
  Nanos confirmed_at{};  ///< A server said so, or was waiting to say something else.
  bool waits = false;    ///< A server will say when it changes.
  Nanos asked_at{};
  std::uint64_t bytes = 0;
};

struct Views::State {
  State(Loop& on_main, const Clock& with_clock, Link& over, ViewOptions with, Metrics& metrics)
      : main(on_main),
        clock(with_clock),
        link(over),
        options(with),
        count(metrics.gauge("consul.client.views", "Answers that are kept fresh")),
        hits(metrics.counter("consul.client.views.hits", "Reads answered from what is kept")) {}

  Loop& main;
  const Clock& clock;
  Link& link;
  const ViewOptions options;
  Gauge& count;
  Counter& hits;
  std::map<std::string, std::shared_ptr<View>> views;
  std::uint64_t bytes = 0;
  bool stopped = false;

  Nanos age_of(const View& view) const {
    return view.waits && link.is_connected() ? Nanos{} : clock.boot_now() - view.confirmed_at;
  }
  void drop(const std::shared_ptr<View>& view) {
    const auto at = views.find(view->identity);
    if (at == views.end() || at->second != view) return;
    bytes -= view->bytes;
    views.erase(at);
    count.set(static_cast<double>(views.size()));
  }
  /// False: it cannot be kept, and is left as it is.
  bool keep(View& view, api::Response& response) {
    const std::string_view index = header_of(response, "X-Consul-Index");
    auto* text = std::get_if<std::string>(&response.body);
    if (response.status != 200 || index.empty() || text == nullptr) return false;
    const std::uint64_t size = text->size();
    if (size > options.view_bytes_max || bytes - view.bytes + size > options.bytes_max) {
      return false;
    }
    bytes += size - view.bytes;
    view.bytes = size;
    view.index = index;
    view.confirmed_at = clock.boot_now();
    view.kept.status = response.status;
    view.kept.content_type = response.content_type;
    view.kept.headers = std::move(response.headers);
    view.kept.body = std::make_shared<const std::string>(std::move(*text));
    return true;
  }
  api::Response copy(const View& view) const {
    api::Response response;
    response.status = view.kept.status;
    response.content_type = view.kept.content_type;
    response.headers = view.kept.headers;
    response.body = std::get<api::SharedBody>(view.kept.body);
    return response;
  }
};

Views::Views(Loop& main, const Clock& clock, Link& link, ViewOptions options, Metrics& metrics)
    : state_(std::make_shared<State>(main, clock, link, options, metrics)) {}

void Views::stop() { state_->stopped = true; }

bool Views::serves(const api::Request& request) {
  return request.method == api::Method::get && request.has_parameter("cached") &&
         request.parameter("index").value_or("").empty() &&
         (request.path.starts_with("/v1/catalog/") || request.path.starts_with("/v1/health/"));
}

Task<api::Response> Views::read(api::Request request) { return answer(state_, std::move(request)); }

Task<api::Response> Views::answer(std::shared_ptr<State> state, api::Request request) {
  const auto allowed = age_allowed(request.header("cache-control"));
  if (!allowed) {
    api::Response refused;
    refused.status = 400;
    refused.content_type = "text/plain; charset=utf-8";
    refused.body = allowed.error().message;
    co_return refused;
  }
  retarget(request, rebuilt(request, {}));
  const std::string identity = shared_identity(request);
  if (const auto at = state->views.find(identity); at != state->views.end()) {
    View& view = *at->second;
    view.asked_at = state->clock.boot_now();
    const Nanos age = state->age_of(view);
    if (!*allowed || age <= **allowed) {
      state->hits.add();
      api::Response response = state->copy(view);
      response.set_header("X-Cache", "HIT");
      response.set_header(
          "Age", std::to_string(std::chrono::duration_cast<std::chrono::seconds>(age).count()));
      co_return response;
    }
  }
  auto view = std::make_shared<View>();
  view->identity = identity;
  view->request = request;
  api::Response response = co_await state->link.call(std::move(request));
  view->asked_at = state->clock.boot_now();
  const bool room =
      state->views.size() < state->options.views_max || state->views.contains(identity);
  if (!state->stopped && room && state->keep(*view, response)) {
    response = state->copy(*view);
    if (const auto before = state->views.find(identity); before != state->views.end()) {
      // Its own query goes on, with what is newer.
      state->bytes -= before->second->bytes;
      before->second->kept = state->copy(*view);
      before->second->bytes = view->bytes;
      before->second->index = view->index;
      before->second->confirmed_at = view->confirmed_at;
    } else {
      state->views.emplace(identity, view);
      state->count.set(static_cast<double>(state->views.size()));
      state->main.spawn("view", refresh(state, view));
    }
  }
  response.set_header("X-Cache", "MISS");
  co_return response;
}

/// For as long as somebody asks for it.
Task<void> Views::refresh(std::shared_ptr<State> state, std::shared_ptr<View> view) {
  while (!state->stopped && state->clock.boot_now() - view->asked_at < state->options.idle_max) {
    api::Request request = view->request;
    retarget(request,
             rebuilt(request, "index=" + view->index + "&wait=" + format_duration(refresh_wait)));
    view->waits = true;
    api::Response response = co_await state->link.call(std::move(request));
    view->waits = response.status == 200;
    if (response.status == 200) {
      if (!state->keep(*view, response)) break;
      co_await sleep_for(state->main, refresh_period);
    } else {
      co_await sleep_for(state->main, retry_after);
    }
  }
  state->drop(view);
}

Result<std::optional<Nanos>> age_allowed(std::string_view header) {
  std::optional<Nanos> allowed;
  const std::string lower = to_lower_ascii(header);
  for (std::string_view rest = lower; !rest.empty();) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view directive = trim_spaces(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    constexpr std::string_view max_age = "max-age=";
    if (directive == "must-revalidate") {
      allowed = Nanos(-1);
    } else if (directive.starts_with(max_age)) {
      const auto seconds = parse_i64(directive.substr(max_age.size()));
      if (!seconds) return fail(ErrorCode::bad_request, "Invalid Cache-Control header.");
      const auto age = std::clamp<std::int64_t>(*seconds, 0, seconds_max);
      allowed = age == 0 ? Nanos(-1) : Nanos(std::chrono::seconds(age));
    }
  }
  return allowed;
}

}  // namespace conclave::agent
