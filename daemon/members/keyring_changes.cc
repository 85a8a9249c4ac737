#include "daemon/members/keyring_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "api/model/member.h"
#include "api/model/record.h"
#include "base/run/log.h"
#include "base/run/run_on.h"
#include "base/run/sleep.h"
#include "daemon/tables/members.h"

namespace conclave::daemon {
namespace {

constexpr Nanos exchange_timeout = std::chrono::seconds(5);
/// So many wishes wait for their turn, and so long.
constexpr std::size_t turns_max = 16;
constexpr Nanos turn_patience = std::chrono::seconds(20);

}  // namespace

KeyringChanges::KeyringChanges(Loop& main, const Clock& clock, api::Rpc& rpc,
                               api::RpcHandlers& handlers, Replica& replica, RaftControl& raft,
                               Reader& reader, std::shared_ptr<api::ClusterKeyring> keyring,
                               std::string self_id)
    : main_(main),
      clock_(clock),
      rpc_(rpc),
      replica_(replica),
      raft_(raft),
      reader_(reader),
      keyring_(std::move(keyring)),
      self_id_(std::move(self_id)),
      turns_(main, clock, turns_max, turn_patience),
      adopted_at_(clock.boot_now()) {
  handlers.add(api::exchange_keyring, [this](const api::RpcPeer&, std::string body) {
    return on_exchange(std::move(body));
  });
}

Task<Result<std::string>> KeyringChanges::on_exchange(std::string body) {
  const api::KeyringRecord before = keyring_->record();
  auto answer = keyring_->answer(body);
  if (keyring_->record() != before) adopted_at_ = clock_.boot_now();
  co_return answer;
}

void KeyringChanges::start() { main_.spawn("keyring", keep_asking()); }

Task<void> KeyringChanges::keep_asking() {
  while (!stopped_) {
    const LeaderInfo leader = replica_.leader();
    if (!leader.is_leader && !leader.leader_address.empty()) {
      const auto heard = co_await exchange(leader.leader_address);
      if (heard) {
        if (auto done = adopt(*heard); !done) {
          log_error("agent", "the keyring cannot be taken over: {}", done.error().message);
        }
      }
    }
    // Until a leader is known it is looked for sooner.
    co_await sleep_for(main_,
                       leader.leader_address.empty() ? exchange_period / 10 : exchange_period);
  }
}

Result<void> KeyringChanges::adopt(const api::KeyringRecord& record) {
  CONCLAVE_TRY_ASSIGN(const bool is_new, keyring_->adopt(record));
  if (is_new) adopted_at_ = clock_.boot_now();
  return {};
}

Task<Result<api::KeyringRecord>> KeyringChanges::exchange(std::string address) {
  auto reply = co_await rpc_.call(std::move(address), api::exchange_keyring,
                                  api::encode_record(keyring_->record()), exchange_timeout);
  if (!reply) co_return std::unexpected(reply.error());
  co_return api::decode_record<api::KeyringRecord>(*reply);
}

/// What the other servers of the configuration have.
Task<std::vector<KeyringChanges::Answer>> KeyringChanges::exchange_all() {
  std::vector<Answer> answers;
  std::vector<raft::Server> others = raft_.configuration().servers;
  std::erase_if(others, [&](const raft::Server& one) { return one.id.value == self_id_; });
  std::size_t left = others.size();
  Waiter done(main_);
  for (raft::Server& server : others) {
    main_.spawn("keyring", exchange_into(server.id.value, server.address, &answers, &left, &done));
  }
  while (left > 0) co_await done.wait_for(exchange_timeout);
  co_return answers;
}

/// What it points to is on the frame of exchange_all(), which waits for all of them.
Task<void> KeyringChanges::exchange_into(std::string id, std::string address,
                                         std::vector<Answer>* answers, std::size_t* left,
                                         Waiter* done) {
  auto record = co_await exchange(std::move(address));
  answers->push_back({std::move(id), std::move(record)});
  if (--*left == 0) done->notify_all();
}

/// Agents ask by themselves; nobody can say who has.
bool KeyringChanges::agents_may_lag() {
  if (clock_.boot_now() - adopted_at_ >= 2 * exchange_period) return false;
  bool found = false;
  const ReadSnapshot snapshot = reader_.open();
  visit_members(snapshot.rows(), [&](const api::Member& member) {
    const auto role = member.tags.find("role");
    found = member.status == static_cast<std::uint64_t>(api::MemberStatus::alive) &&
            role != member.tags.end() && role->second == "node";
    return !found;
  });
  return found;
}

KeyringHolders KeyringChanges::holders_among(const std::vector<Answer>& answers) {
  KeyringHolders holders{.servers = answers.size() + 1};
  for (const Answer& answer : answers) {
    if (answer.record && *answer.record == keyring_->record()) ++holders.holders;
  }
  holders.agents_may_lag = agents_may_lag();
  return holders;
}

Task<Result<void>> KeyringChanges::change(KeyringWish wish, std::string key) {
  auto turn = co_await turns_.take();
  if (!turn) co_return std::unexpected(turn.error());
  // A leader that was deposed without knowing must not decide.
  const auto leads = co_await replica_.read_permit(Consistency::consistent);
  if (!leads) co_return std::unexpected(leads.error());
  const api::KeyringRecord before = keyring_->record();
  auto answers = co_await exchange_all();
  for (const Answer& answer : answers) {
    if (!answer.record) continue;
    if (auto done = adopt(*answer.record); !done) co_return std::unexpected(done.error());
  }
  // This leader was the one that had not heard.
  if (keyring_->record() != before) answers = co_await exchange_all();
  if (!raft_.is_leader()) co_return fail(ErrorCode::no_leader, "No cluster leader");
  auto next =
      next_keyring(keyring_->record(), wish, key, holders_among(answers), raft_.term().value);
  if (!next) co_return std::unexpected(next.error());
  if (*next) {
    if (auto done = adopt(**next); !done) co_return std::unexpected(done.error());
    answers = co_await exchange_all();
  }
  // Of the others nothing depends on who has heard: using is possible for all, removing for none.
  const KeyringHolders holders = holders_among(answers);
  if (wish == KeyringWish::install && holders.holders < holders.servers) {
    co_return fail(ErrorCode::failed,
                   incomplete_text(holders) + ": the others get the key when they are back");
  }
  co_return Result<void>();
}

std::string KeyringChanges::name_of(const std::string& id) {
  std::string name = id;
  const ReadSnapshot snapshot = reader_.open();
  visit_members(snapshot.rows(), [&](const api::Member& member) {
    if (member.id == id) name = member.name;
    return member.id != id;
  });
  return name;
}

Task<KeyringReport> KeyringChanges::list_on_main() {
  KeyringReport report;
  std::vector<Answer> answers = co_await exchange_all();
  answers.push_back({self_id_, keyring_->record()});
  for (const Answer& answer : answers) {
    ++report.servers;
    if (!answer.record) {
      report.messages[name_of(answer.id)] = answer.record.error().message;
      continue;
    }
    for (const api::Bytes& key : answer.record->keys) ++report.keys[key.data];
    if (!answer.record->keys.empty()) ++report.primary_keys[answer.record->keys.front().data];
  }
  co_return report;
}

template <class T>
Task<T> KeyringChanges::on_main(Task<T> task) {
  if (main_.is_here()) co_return co_await std::move(task);
  co_return co_await run_on(main_, std::move(task));
}

Task<KeyringReport> KeyringChanges::list_keys() { return on_main(list_on_main()); }

Task<Result<void>> KeyringChanges::install_key(std::string key) {
  return on_main(change(KeyringWish::install, std::move(key)));
}

Task<Result<void>> KeyringChanges::use_key(std::string key) {
  return on_main(change(KeyringWish::use, std::move(key)));
}

Task<Result<void>> KeyringChanges::remove_key(std::string key) {
  return on_main(change(KeyringWish::remove, std::move(key)));
}

}  // namespace conclave::daemon
