#include "agent/link/shared_queries.h"

#include <utility>
#include <vector>

namespace conclave::agent {

using Complete = std::function<void(api::Response)>;

/// One query at a server, and those who wait for it.
struct SharedQueries::Query {
  std::string identity;
  std::list<Complete> waiting;
  std::shared_ptr<api::CallCancel> cancel = std::make_shared<api::CallCancel>();
};

struct SharedQueries::State {
  State(Loop& on_main, Link& over, Metrics& metrics)
      : main(on_main),
        link(over),
        upstream(metrics.gauge("consul.client.blocking.upstream", "Blocking queries at servers")),
        joined(metrics.counter("consul.client.blocking.shared",
                               "Blocking queries that joined one under way")) {}

  Loop& main;
  Link& link;
  Gauge& upstream;
  Counter& joined;
  std::map<std::string, std::shared_ptr<Query>> queries;

  void forget(const std::shared_ptr<Query>& query) {
    const auto at = queries.find(query->identity);
    if (at != queries.end() && at->second == query) queries.erase(at);
    upstream.set(static_cast<double>(queries.size()));
  }
};

/// A client that waits; destroyed when it has its answer, or has gone.
class SharedQueries::Waiting final : public api::Parked {
 public:
  Waiting(std::shared_ptr<State> state, api::Request request)
      : state_(std::move(state)), request_(std::move(request)) {}

  ~Waiting() override {
    if (query_ == nullptr || !placed_) return;
    query_->waiting.erase(place_);
    if (!query_->waiting.empty()) return;
    state_->forget(query_);
    query_->cancel->cancel();
  }

  void start(Complete complete) override {
    std::string identity = shared_identity(request_);
    auto& slot = state_->queries[identity];
    const bool is_first = slot == nullptr;
    if (is_first) {
      slot = std::make_shared<Query>();
      slot->identity = std::move(identity);
    } else {
      state_->joined.add();
    }
    query_ = slot;
    placed_ = true;
    place_ = query_->waiting.insert(query_->waiting.end(),
                                    [this, told = std::move(complete)](api::Response response) {
                                      placed_ = false;
                                      told(std::move(response));
                                    });
    api::Request request = std::move(request_);
    if (!is_first) return;
    state_->upstream.set(static_cast<double>(state_->queries.size()));
    state_->main.spawn("blocking query", run(state_, query_, std::move(request)));
  }

 private:
  const std::shared_ptr<State> state_;
  api::Request request_;
  std::shared_ptr<Query> query_;
  std::list<Complete>::iterator place_;
  bool placed_ = false;
};

SharedQueries::SharedQueries(Loop& main, Link& link, Metrics& metrics)
    : state_(std::make_shared<State>(main, link, metrics)) {}

api::Response SharedQueries::park(api::Request request) {
  api::Response response;
  if (state_->queries.size() >= queries_max &&
      !state_->queries.contains(shared_identity(request))) {
    response.status = 429;
    response.content_type = "text/plain; charset=utf-8";
    response.body = "this agent has " + std::to_string(queries_max) +
                    " different blocking queries at servers already";
    return response;
  }
  response.parked = std::make_unique<Waiting>(state_, std::move(request));
  return response;
}

Task<void> SharedQueries::run(std::shared_ptr<State> state, std::shared_ptr<Query> query,
                              api::Request request) {
  api::Response response = co_await state->link.call_until(std::move(request), query->cancel);
  state->forget(query);
  if (auto* text = std::get_if<std::string>(&response.body)) {
    response.body = std::make_shared<const std::string>(std::move(*text));
  }
  const auto* body = std::get_if<api::SharedBody>(&response.body);
  // Whoever is told may be destroyed by that, and take itself out of no list any more.
  while (!query->waiting.empty()) {
    const Complete complete = std::move(query->waiting.front());
    query->waiting.pop_front();
    api::Response copy;
    copy.status = response.status;
    copy.content_type = response.content_type;
    copy.headers = response.headers;
    if (body != nullptr) copy.body = *body;
    complete(std::move(copy));
  }
}

std::string shared_identity(const api::Request& request) {
  std::string identity = request.target;
  for (const char* name : {"x-consul-token", "authorization", "x-consul-namespace"}) {
    identity.append(1, '\0').append(request.header(name));
  }
  // Who asks for what is near it asks for something else than others.
  if (request.parameter("near").value_or("") == "_ip") {
    identity.append(1, '\0').append(request.client_address);
  }
  return identity;
}

}  // namespace conclave::agent
