#include "agent/dns/link_directory.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "agent/dns/finding_record.h"
#include "agent/dns/part.h"
#include "api/http/target.h"
#include "base/core/assert.h"
#include "base/core/text.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"

namespace conclave::dns {
namespace {

/// Somebody looks again whether there is a server.
constexpr Nanos server_wait = std::chrono::minutes(1);

std::string_view word_of(Subject::Kind kind) {
  switch (kind) {
    case Subject::Kind::service:
      return "service";
    case Subject::Kind::node:
      return "node";
    case Subject::Kind::query:
      return "query";
    case Subject::Kind::owner:
      return "owner";
  }
  return "";
}

std::string target_of(const Subject& subject, const Freshness& freshness, std::string_view part) {
  std::string target = finding_path(subject);
  char separator = '?';
  if (freshness.allow_stale) {
    target += fmt::format("?max_stale={}", format_duration(freshness.max_stale));
    separator = '&';
  }
  if (!part.empty()) target += fmt::format("{}part={}", separator, part);
  return target;
}

api::Request request_for(std::string_view target) {
  api::Request request;
  request.method = api::Method::get;
  request.method_text = "GET";
  CONCLAVE_ASSERT_WHY(api::parse_target(target, request), "names are escaped");
  return request;
}

std::uint64_t number_in(const api::Response& response, std::string_view name) {
  for (const api::Header& header : response.headers) {
    if (equal_ignoring_case(header.name, name)) return parse_u64(header.value).value_or(0);
  }
  return 0;
}

std::string text_of(api::Response& response) {
  if (auto* text = std::get_if<std::string>(&response.body)) return std::move(*text);
  return {};
}

bool is_part(const Result<Finding>& finding) {
  if (!finding) return false;
  const auto* service = std::get_if<ServiceFinding>(&finding->what);
  return service != nullptr && service->is_part;
}

}  // namespace

std::string finding_path(const Subject& subject) {
  return fmt::format("/v1/internal/dns/{}/{}", word_of(subject.kind),
                     api::percent_encode(subject.name));
}

LinkDirectory::LinkDirectory(Loop& main, Loop& dns_loop, const Clock& clock, agent::Link& link,
                             LinkDirectoryOptions options, Rng rng)
    : main_(main),
      dns_loop_(dns_loop),
      clock_(clock),
      link_(link),
      options_(std::move(options)),
      began_(clock.boot_now()),
      rng_(rng) {
  link_.on_moved([this] { follow_link(); });
}

Nanos LinkDirectory::last_contact() const {
  return std::max(link_.last_contact(), Nanos(contact_.load(std::memory_order_relaxed)));
}

bool LinkDirectory::may_be_old(const Freshness& freshness) const {
  return freshness.allow_stale && clock_.boot_now() - last_contact() <= freshness.max_stale;
}

Task<Result<Finding>> LinkDirectory::find(Subject subject, Freshness freshness) {
  if (const auto kept = kept_.find(subject); kept != kept_.end()) {
    const std::string news = take_kept_news(kept->second);
    if (!news.empty() && may_be_old(freshness)) co_return decode_finding(news);
  }
  std::string target = target_of(subject, freshness, "");
  Result<Heard> heard = co_await run_on(main_, ask(target));
  if (!heard) co_return std::unexpected(std::move(heard).error());
  Result<Finding> finding = decode_finding(heard->body);
  if (is_part(finding)) {
    // Of large services each agent knows other instances.
    target = target_of(subject, freshness, std::to_string(part_of(options_.node)));
    heard = co_await run_on(main_, ask(target));
    if (!heard) co_return std::unexpected(std::move(heard).error());
    finding = decode_finding(heard->body);
  }
  const bool is_kept = freshness.allow_stale && subject.kind != Subject::Kind::owner;
  if (is_kept && finding && !finding->is_nothing()) keep(subject, std::move(target), heard->index);
  co_return finding;
}

void LinkDirectory::keep(const Subject& subject, std::string target, std::uint64_t index) {
  const auto [place, is_new] = kept_.try_emplace(subject);
  // One that is there will tell whatever is newer than its own index.
  if (!is_new) return;
  const auto watch = std::make_shared<Watch>();
  watch->target = std::move(target);
  watch->wait = subject.kind == Subject::Kind::query ? options_.query_wait : options_.wait;
  watch->index = index;
  place->second.watch = watch;
  main_.post([this, subject, watch] {
    if (!watch->over) main_.spawn("dns watch", keep_fresh(subject, watch));
  });
}

void LinkDirectory::let_go(const Subject& subject) {
  const auto kept = kept_.find(subject);
  if (kept == kept_.end()) return;
  main_.post([watch = kept->second.watch] {
    watch->over = true;
    watch->cancel_call();
  });
  take_kept_news(kept->second);
  kept_.erase(kept);
}

std::string LinkDirectory::take_kept_news(Kept& kept) {
  news_bytes_ -= kept.news.size();
  return std::exchange(kept.news, {});
}

/// An index that fell is that of another state: nothing that is known need hold there.
void LinkDirectory::take_news(const Subject& subject, const Watch* watch, Heard heard, bool rose) {
  const auto place = kept_.find(subject);
  if (place == kept_.end() || place->second.watch.get() != watch) return;
  Kept& kept = place->second;
  take_kept_news(kept);
  if (news_bytes_ + heard.body.size() <= options_.news_bytes_max) {
    news_bytes_ += heard.body.size();
    kept.news = std::move(heard.body);
  }
  if (listener_ == nullptr) return;
  if (rose) {
    listener_->changed(subject, heard.index);
  } else {
    listener_->everything_changed();
  }
}

Task<Result<LinkDirectory::Heard>> LinkDirectory::ask(std::string target) {
  if (!link_.is_connected()) {
    const Nanos left = std::max(last_contact(), began_) + options_.hold - clock_.boot_now();
    if (left <= Nanos{} || !co_await link_.wait_for_server(left)) {
      co_return fail(ErrorCode::unavailable, "No known Consul servers");
    }
  }
  api::Response response = co_await link_.call(request_for(target));
  co_return read_answer(std::move(response));
}

Result<LinkDirectory::Heard> LinkDirectory::read_answer(api::Response response) {
  if (response.status != 200) return fail(ErrorCode::unavailable, text_of(response));
  const Nanos contact =
      clock_.boot_now() - std::chrono::milliseconds(number_in(response, "X-Consul-LastContact"));
  if (contact.count() > contact_.load(std::memory_order_relaxed)) {
    contact_.store(contact.count(), std::memory_order_relaxed);
  }
  return Heard{number_in(response, "X-Consul-Index"), text_of(response)};
}

Task<void> LinkDirectory::keep_fresh(Subject subject, std::shared_ptr<Watch> watch) {
  watches_.insert(watch);
  while (!stopped_ && !watch->over) {
    api::Request request = request_for(fmt::format("{}&index={}&wait={}", watch->target,
                                                   watch->index, format_duration(watch->wait)));
    watch->cancel = std::make_shared<api::CallCancel>();
    Result<Heard> heard = read_answer(co_await link_.call_until(std::move(request), watch->cancel));
    watch->cancel = nullptr;
    if (stopped_ || watch->over) break;
    const bool moved = std::exchange(watch->moved, false);
    if (!heard) {
      if (!moved) co_await wait_to_retry();
      continue;
    }
    const Nanos pause = pause_after(heard->body.size());
    if (heard->index != watch->index) {
      const bool rose = heard->index > watch->index;
      watch->index = heard->index;
      dns_loop_.post([this, subject, watch, rose, heard = std::move(*heard)]() mutable {
        take_news(subject, watch.get(), std::move(heard), rose);
      });
    }
    co_await sleep_for(main_, pause);
  }
  watches_.erase(watch);
}

/// A server that the link has left may not hear of changes any more.
void LinkDirectory::follow_link() {
  for (const auto& watch : watches_) {
    if (watch->cancel == nullptr) continue;
    watch->moved = true;
    watch->cancel_call();
  }
}

/// Not everything at once when servers are back.
Task<void> LinkDirectory::wait_to_retry() {
  if (!link_.is_connected()) co_await link_.wait_for_server(server_wait);
  const auto most = static_cast<std::uint64_t>(options_.retry_after.count());
  co_await sleep_for(main_, options_.retry_after + Nanos(rng_.below(most)));
}

Nanos LinkDirectory::pause_after(std::size_t bytes) const {
  return options_.pause_min + Nanos(std::chrono::seconds(1)) * bytes / options_.bytes_per_s;
}

}  // namespace conclave::dns
