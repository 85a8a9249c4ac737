#include "cli/run/in_process_upstream.h"

#include <optional>
#include <utility>

#include "api/rest/respond.h"
#include "base/run/run_on.h"
#include "base/run/waiter.h"

namespace conclave::cli {
namespace {

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

Task<api::Response> InProcessUpstream::call(api::Request request) {
  if (front_.is_here()) co_return co_await answer(std::move(request));
  co_return co_await run_on(front_, answer(std::move(request)));
}

Task<api::Response> InProcessUpstream::answer(api::Request request) {
  api::Response response = co_await router_.handle(std::move(request));
  while (response.parked) {
    const std::unique_ptr<api::Parked> parked = std::move(response.parked);
    std::optional<api::Response> due;
    Waiter waiter(front_);
    parked->start([&due, &waiter](api::Response answered) {
      due = std::move(answered);
      waiter.notify_all();
    });
    while (!due) co_await waiter.wait_for(std::chrono::minutes(1));
    response = std::move(*due);
  }
  co_return co_await collect(std::move(response));
}

}  // namespace conclave::cli
