#include "tests/sim/client.h"

#include <fmt/format.h>

namespace conclave::sim {

using daemon::Command;
using daemon::KvOp;
using daemon::KvVerb;
using daemon::Outcome;

namespace {

constexpr std::uint64_t attempts_max = 6;

}  // namespace

daemon::Command register_node() {
  daemon::Register node;
  node.node.node = client_node;
  node.node.address = "10.0.0.1";
  return {.body = std::move(node)};
}

void Client::after(SimTime delay, Action what) { outside_.timeline.after(delay, std::move(what)); }

void Client::act_within(SimTime longest) {
  after(rng().below(longest), [this] {
    if (!outside_.closed) act();
  });
}

SimServer& Client::any_server() {
  auto& servers = outside_.servers;
  return *servers[rng().below(servers.size())];
}

KvOp Client::op(KvVerb verb, std::string key) {
  KvOp op{.verb = verb, .key = std::move(key)};
  op.flags = next_operation();
  op.value.data = fmt::format("{} {}", name_, op.flags);
  return op;
}

void Client::at_server(std::move_only_function<void(SimReplica&)> what, Action nobody_there) {
  SimServer& server = any_server();
  after(reply_delay(),
        [&server, what = std::move(what), nobody_there = std::move(nobody_there)]() mutable {
          if (!server.runs()) return nobody_there();
          server.handle([&server, what = std::move(what)]() mutable { what(server.replica()); });
        });
}

struct Client::Writing {
  Command command;
  std::move_only_function<void(Told)> told;
  std::uint64_t operation = 0;
  SimTime called = 0;
  std::uint64_t attempts = 0;
  bool waits = false;  ///< For an answer to the latest attempt.
  bool maybe = false;  ///< An attempt was not answered: it may have been applied.
};

void Client::write(Command command, std::move_only_function<void(Told)> told) {
  ++outside_.coverage.operations;
  auto writing = std::make_shared<Writing>();
  writing->operation = operation_of(command);
  writing->command = std::move(command);
  writing->told = std::move(told);
  writing->called = now();
  try_write(std::move(writing));
}

void Client::try_write(std::shared_ptr<Writing> writing) {
  if (outside_.rests_until > now()) {
    return after(outside_.rests_until - now(), [this, writing] { try_write(writing); });
  }
  const std::uint64_t attempt = ++writing->attempts;
  writing->waits = true;
  const auto answered = [this, writing, attempt](Result<Outcome> outcome) {
    if (attempt != writing->attempts || !writing->waits) return;  // Given up on.
    writing->waits = false;
    const bool unknown = !outcome && outcome.error().code == ErrorCode::unknown_outcome;
    writing->maybe = writing->maybe || unknown;
    const bool again = !outcome && (!unknown || !writing->command.request_id.empty());
    if (again && attempt < attempts_max && !outside_.closed) {
      return after(rng().below(seconds), [this, writing] { try_write(writing); });
    }
    conclude(*writing, std::move(outcome));
  };
  at_server(
      [this, command = writing->command, answered](SimReplica& server) mutable {
        server.write(std::move(command), [this, answered](Result<Outcome> outcome) {
          back(
              [answered, outcome = std::move(outcome)]() mutable { answered(std::move(outcome)); });
        });
      },
      [answered] { answered(fail(ErrorCode::no_leader, "connection refused")); });
  after(rng().between(2 * seconds, 12 * seconds),
        [answered] { answered(fail(ErrorCode::unknown_outcome, "no answer")); });
}

void Client::conclude(Writing& writing, Result<Outcome> outcome) {
  Told told;
  if (outcome) {
    told.fate = outcome->done ? Fate::done : Fate::undone;
    told.outcome = std::move(*outcome);
    ++outside_.coverage.acknowledged;
    if (writing.operation != 0) outside_.truth.acknowledged(writing.operation, writing.called);
  } else if (writing.maybe) {
    ++outside_.coverage.unknown;
  } else {
    told.fate = Fate::refused;
    ++outside_.coverage.refused;
    if (writing.operation != 0) outside_.truth.refused(writing.operation);
  }
  writing.told(std::move(told));
}

void Client::read(Consistency consistency,
                  std::function<void(SimReplica&, raft::Index shown_before)> look, Action then) {
  ++outside_.coverage.operations;
  const raft::Index before = outside_.observer.last_applied();
  const auto ended = std::make_shared<Action>(std::move(then));
  const auto end = [ended] {
    if (Action first = std::exchange(*ended, nullptr)) first();
  };
  at_server(
      [this, consistency, look, before, end](SimReplica& server) {
        server.permit(consistency, [this, &server, look, before, end](Result<void> permit) {
          if (permit) look(server, before);
          back(end);
        });
      },
      end);
  after(9 * seconds, end);
}

std::string KvClient::any_key() {
  if (rng().chance(1, 4)) return fmt::format("tree/{}", rng().below(4));
  return fmt::format("key/{}", rng().below(6));
}

void KvClient::act() {
  const std::uint64_t choice = rng().below(10);
  if (choice < 5) return write_one();
  if (choice < 6) return transact();
  read_one();
}

void KvClient::write_one() {
  Command command;
  switch (rng().below(8)) {
    case 0: {
      KvOp one = op(KvVerb::cas, seen_key_.empty() ? any_key() : seen_key_);
      one.index = seen_index_;
      command.body = one;
      break;
    }
    case 1:
      command.body = op(KvVerb::remove, any_key());
      break;
    case 2: {
      KvOp one = op(KvVerb::remove_cas, seen_key_.empty() ? any_key() : seen_key_);
      one.index = seen_index_;
      command.body = one;
      break;
    }
    case 3:
      command.body = op(KvVerb::remove_tree, "tree/");
      break;
    default:
      command.body = op(KvVerb::set, any_key());
  }
  if (rng().chance(2, 3)) {
    command.request_id = fmt::format("{}-{}", name_, operation_of(command));
  }
  write(std::move(command), [this](const Told&) { act_within(600 * milliseconds); });
}

void KvClient::transact() {
  daemon::Txn txn;
  const std::string key = any_key();
  txn.ops.push_back(op(KvVerb::set, any_key()));
  txn.ops.push_back(op(rng().chance(1, 3) ? KvVerb::check_not_exists : KvVerb::set, key));
  if (rng().chance(1, 2)) txn.ops.push_back(op(KvVerb::get, key));
  if (rng().chance(1, 4)) txn.ops.push_back(op(KvVerb::remove, any_key()));
  Command command{.body = std::move(txn)};
  if (rng().chance(2, 3)) {
    command.request_id = fmt::format("{}-{}", name_, operation_of(command));
  }
  write(std::move(command), [this](const Told&) { act_within(600 * milliseconds); });
}

void KvClient::read_one() {
  static constexpr Consistency kinds[] = {Consistency::standard, Consistency::standard,
                                          Consistency::consistent, Consistency::stale};
  const Consistency consistency = kinds[rng().below(4)];
  const std::string key = any_key();
  read(
      consistency,
      [this, consistency, key](SimReplica& server, raft::Index shown_before) {
        const Answer answer = server.look_up(key);
        if (consistency != Consistency::stale) {
          require(answer.at >= shown_before,
                  "19: a read misses what others may have seen before it began");
          ++outside_.coverage.reads;
        } else {
          ++outside_.coverage.stale_reads;
        }
        outside_.truth.check_read(key, answer.at, answer.entry, answer.index, "19: a read");
        seen_key_ = key;
        seen_index_ = answer.entry ? answer.entry->modify_index : 0;
      },
      [this] { act_within(500 * milliseconds); });
}

void WatchClient::act() {
  if (key_.empty()) key_ = fmt::format("key/{}", rng().below(6));
  const Consistency consistency = rng().chance(1, 2) ? Consistency::standard : Consistency::stale;
  const std::uint64_t turn = ++turn_;
  const auto again = [this, turn] {
    if (turn == turn_) act_within(200 * milliseconds);
  };
  ++outside_.coverage.operations;
  const SimTime wait = rng().between(seconds, 6 * seconds);
  at_server(
      [this, turn, consistency, again, wait](SimReplica& server) {
        server.permit(consistency, [=, this, &server](Result<void> permit) {
          if (!permit) return back(again);
          server.watch(key_, index_, wait, [this, turn, consistency, again](Result<Answer> answer) {
            if (turn != turn_) return;  // Given up on.
            outside_.truth.check_read(key_, answer->at, answer->entry, answer->index,
                                      "23: a watch");
            require(answer->index <= outside_.truth.model().revision(),
                    "23: an index that is ahead");
            require(consistency == Consistency::stale || answer->index >= index_,
                    "23: an index went back");
            if (answer->index > index_) ++outside_.coverage.watches;
            index_ = answer->index;
            back(again);
          });
        });
      },
      again);
  after(wait + 10 * seconds, again);
}

void StreamClient::act() {
  const Consistency consistency = rng().chance(1, 3) ? Consistency::standard : Consistency::stale;
  read(
      consistency,
      [this](SimReplica& server, raft::Index) {
        const std::vector<Change> changes = server.changes_after(revision_);
        outside_.truth.check_changes(revision_, changes);
        if (!changes.empty()) revision_ = changes.back().revision;
        ++outside_.coverage.stream_reads;
      },
      [this] { act_within(rng().chance(1, 8) ? 6 * seconds : 500 * milliseconds); });
}

}  // namespace conclave::sim
