#include "daemon/members/members.h"

#include <utility>

#include "base/run/log.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"
#include "daemon/members/reconcile.h"

namespace conclave::daemon {
namespace {

constexpr Nanos retry_after = std::chrono::seconds(1);

NodeCard card_of(const MembersOptions& options) {
  return {.node = options.node,
          .serf_port = options.serf_port,
          .server_port = options.server_port,
          .build = options.build,
          .bootstrap = options.bootstrap};
}

Result<void> refusal_of(const Result<Outcome>& outcome) {
  if (!outcome) return std::unexpected(outcome.error());
  if (!outcome->error.empty()) return fail(ErrorCode::failed, outcome->error);
  return {};
}

}  // namespace

Members::Members(Loop& main, Replica& replica, MembersOptions options)
    : main_(main), replica_(replica), options_(std::move(options)) {
  replica_.on_leadership([this](bool leading) {
    leading_ = leading;
    if (leading) main_.spawn("membership", establish(++leadership_));
  });
}

Task<void> Members::establish(std::uint64_t leadership) {
  while (leading_ && leadership == leadership_ && !left_ && !stopped_) {
    const auto written = co_await write_all();
    if (written) {
      log_info("server", "member joined, marking health alive: member={}", options_.node.node);
      co_return;
    }
    log_warn("server", "cannot register this server yet: {}", written.error().message);
    co_await sleep_for(main_, retry_after);
  }
}

Task<Result<void>> Members::write_all() {
  Command member{
      .body = MemberUpdate{.member = member_of(card_of(options_), api::MemberStatus::alive)}};
  const auto written = refusal_of(co_await replica_.propose(std::move(member)));
  if (!written) co_return std::unexpected(written.error());
  co_return refusal_of(
      co_await replica_.propose(Command{.body = registration_of(card_of(options_))}));
}

Task<Result<void>> Members::leave() {
  if (main_.is_here()) co_return co_await leave_on_main();
  co_return co_await run_on(main_, leave_on_main());
}

Task<Result<void>> Members::leave_on_main() {
  left_ = true;
  Command member{.body =
                     MemberUpdate{.member = member_of(card_of(options_), api::MemberStatus::left)}};
  const auto marked = refusal_of(co_await replica_.propose(std::move(member)));
  Command node{.body = Deregister{.node = options_.node.node}};
  const auto removed = refusal_of(co_await replica_.propose(std::move(node)));
  if (!marked) co_return std::unexpected(marked.error());
  co_return removed;
}

}  // namespace conclave::daemon
