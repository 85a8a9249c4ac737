#include "cli/run/in_process_upstream.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "api/rest/respond.h"
#include "base/run/run_on.h"
#include "base/run/waiter.h"

namespace conclave::cli {
namespace {

constexpr std::size_t sink_piece_bytes = std::size_t{64} << 10;
constexpr Nanos look_again = std::chrono::minutes(1);

/// A body that has arrived whole, for a handler that takes it in pieces.
Task<void> pour(std::string body, std::shared_ptr<api::BodySink> sink) {
  std::string_view rest = body;
  while (!rest.empty()) {
    const std::size_t size = std::min(rest.size(), sink_piece_bytes);
    sink->take(rest.substr(0, size));
    rest.remove_prefix(size);
    if (sink->is_full()) co_await sink->drain();
  }
}

Task<api::Response> collect(api::Response response) {
  auto* stream = std::get_if<std::unique_ptr<api::BodyStream>>(&response.body);
  if (stream == nullptr) co_return response;
  std::string whole;
  while (true) {
    const std::string piece = co_await (*stream)->next();
    if (piece.empty()) break;
    if (whole.size() + piece.size() > InProcessUpstream::collected_bytes_max) {
      co_return api::text_response(
          500, "the answer is too long to pass through an agent: ask a server for it");
    }
    whole += piece;
  }
  response.body = std::move(whole);
  co_return response;
}

}  // namespace

/// Of the front's loop.
struct InProcessUpstream::Wait {
  explicit Wait(Loop& front) : waiter(front) {}
  Waiter waiter;
  bool abandoned = false;
};

Task<api::Response> InProcessUpstream::call(api::Request request) {
  return call_until(std::move(request), nullptr);
}

Task<api::Response> InProcessUpstream::call_until(api::Request request,
                                                  std::shared_ptr<api::CallEnd> end) {
  auto wait = std::make_shared<Wait>(front_);
  if (end != nullptr) {
    end->on_abandoned([front = &front_, wait] {
      front->post([wait] {
        wait->abandoned = true;
        wait->waiter.notify_all();
      });
    });
  }
  if (front_.is_here()) co_return co_await answer(std::move(request), std::move(wait));
  co_return co_await run_on(front_, answer(std::move(request), std::move(wait)));
}

Task<api::Response> InProcessUpstream::answer(api::Request request, std::shared_ptr<Wait> wait) {
  if (auto sink = router_.body_sink(request)) {
    request.sink = sink;
    co_await pour(std::exchange(request.body, {}), std::move(sink));
  }
  api::Response response = co_await router_.handle(std::move(request));
  while (response.parked) {
    const std::unique_ptr<api::Parked> parked = std::move(response.parked);
    std::optional<api::Response> due;
    parked->start([&due, &wait](api::Response answered) {
      due = std::move(answered);
      wait->waiter.notify_all();
    });
    while (!due && !wait->abandoned) co_await wait->waiter.wait_for(look_again);
    if (!due) co_return api::text_response(500, "nobody waits for this answer any more");
    response = std::move(*due);
  }
  co_return co_await collect(std::move(response));
}

}  // namespace conclave::cli
