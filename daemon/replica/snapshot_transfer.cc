#include "daemon/replica/snapshot_transfer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/async_result.hpp>
#include <cerrno>
#include <tuple>

#include "api/model/record.h"
#include "base/run/file.h"
#include "base/run/log.h"
#include "base/run/sleep.h"
#include "daemon/snapshot/restamped_rows.h"
#include "raft/core/configuration.h"

namespace conclave::daemon {
namespace {

constexpr std::uint64_t piece_bytes = 1 << 20;
constexpr std::size_t candidates_max = 2;
constexpr Nanos piece_timeout = std::chrono::seconds(10);
constexpr Nanos retry_after = std::chrono::seconds(1);
/// Until a server has taken the whole file.
constexpr Nanos offer_timeout = std::chrono::minutes(10);

enum class Kind : std::uint8_t { read = 0, take = 1 };

/// The request of RpcMethod::snapshot_file. Read: the answer is a piece from `offset`, empty at the
/// end. Take: the answer, empty, comes when the server has fetched the file from `address`.
struct FileCall {
  std::uint64_t kind = 0;  ///< A Kind.
  std::string id;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string address;

  static constexpr auto fields() {
    using api::field;
    return std::tuple{field(1, "Kind", &FileCall::kind), field(2, "ID", &FileCall::id),
                      field(3, "Offset", &FileCall::offset), field(4, "Size", &FileCall::size),
                      field(5, "Address", &FileCall::address)};
  }
};

std::string encode_call(Kind kind, std::string id, std::uint64_t offset, std::uint64_t size,
                        std::string address) {
  return api::encode_record(FileCall{.kind = static_cast<std::uint64_t>(kind),
                                     .id = std::move(id),
                                     .offset = offset,
                                     .size = size,
                                     .address = std::move(address)});
}

Result<void> write_piece(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  CONCLAVE_TRY_ASSIGN(const Descriptor file, open_file(path, O_WRONLY | O_CREAT));
  if (::lseek(file.get(), static_cast<off_t>(offset), SEEK_SET) < 0) {
    return fail_errno("write", path, errno);
  }
  return write_all(file.get(), bytes, path);
}

}  // namespace

/// Who has it, while it is being spread.
struct SnapshotTransfer::Spread {
  Spread(Loop& main, std::string of, std::uint64_t bytes)
      : id(std::move(of)), size(bytes), changed(main) {}
  const std::string id;
  const std::uint64_t size;
  std::set<raft::NodeId> have;
  std::size_t open = 0;  ///< Servers that have not answered.
  std::string last_error;
  Waiter changed;
};

Task<Result<void>> on_snapshot_thread(Loop* main, Snapshots* snapshots,
                                      std::function<Result<void>()> work) {
  auto initiate = [main, snapshots](auto resume, std::function<Result<void>()> task) {
    auto shared = std::make_shared<decltype(resume)>(std::move(resume));
    snapshots->on_worker([main, shared, task = std::move(task)] {
      main->post([shared, result = task()] { (*shared)(result); });
    });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                                 void(Result<void>)>(
      std::move(initiate), boost::asio::use_awaitable_t<Executor>{}, std::move(work));
}

SnapshotTransfer::SnapshotTransfer(Loop& main, Snapshots& snapshots,
                                   std::function<raft::Configuration()> configuration,
                                   raft::NodeId self)
    : main_(main),
      snapshots_(snapshots),
      configuration_(std::move(configuration)),
      self_(std::move(self)),
      fetched_(main) {}

void SnapshotTransfer::connect(api::Rpc& rpc, api::RpcHandlers& handlers) {
  rpc_ = &rpc;
  handlers.add(api::RpcMethod::snapshot_file,
               [this](const api::RpcPeer&, std::string body) { return answer(std::move(body)); });
}

void SnapshotTransfer::keep(const std::string& id) {
  snapshots_.hold(id);
  candidates_.push_back(id);
  if (candidates_.size() <= candidates_max) return;
  snapshots_.release(candidates_.front());
  candidates_.pop_front();
}

std::string SnapshotTransfer::own_address() const {
  const raft::Configuration configuration = configuration_();
  const raft::Server* self = raft::find_server(configuration, self_);
  return self == nullptr ? "" : self->address;
}

std::vector<raft::Server> SnapshotTransfer::others() const {
  std::vector<raft::Server> servers;
  for (const raft::Server& server : configuration_().servers) {
    if (server.id != self_) servers.push_back(server);
  }
  return servers;
}

Task<Result<void>> SnapshotTransfer::store_on_majority(std::string id, std::uint64_t size) {
  const auto spread = std::make_shared<Spread>(main_, std::move(id), size);
  spread->have.insert(self_);
  keep(spread->id);
  if (rpc_ != nullptr) {
    for (raft::Server& server : others()) {
      spread->open += 1;
      main_.spawn("snapshot offer", offer(spread, std::move(server)));
    }
  }
  const auto has = [&spread](const raft::NodeId& server) { return spread->have.contains(server); };
  while (!raft::has_quorum(configuration_(), has)) {
    if (spread->open == 0) {
      co_return fail(
          ErrorCode::unavailable,
          fmt::format("the snapshot could not be stored on a majority of the servers, so "
                      "it is not restored: {}",
                      spread->last_error));
    }
    co_await spread->changed.wait_for(offer_timeout);
  }
  co_return Result<void>();
}

Task<void> SnapshotTransfer::offer(std::shared_ptr<Spread> spread, raft::Server server) {
  std::string call = encode_call(Kind::take, spread->id, 0, spread->size, own_address());
  const Result<std::string> taken = co_await rpc_->call(
      server.address, api::RpcMethod::snapshot_file, std::move(call), offer_timeout);
  spread->open -= 1;
  if (taken) {
    spread->have.insert(server.id);
  } else {
    spread->last_error = fmt::format("{}: {}", server.address, taken.error().message);
  }
  spread->changed.notify_all();
}

Task<void> SnapshotTransfer::fetch_until_here(std::string id, std::uint64_t size) {
  while (!snapshots_.has(id)) {
    for (const raft::Server& server : others()) {
      const Result<void> fetched = co_await fetch(id, size, server.address);
      if (fetched) co_return;
      log_warn("server", "fetch the snapshot {} from {}: {}", id, server.address,
               fetched.error().message);
    }
    co_await sleep_for(main_, retry_after);
  }
}

Task<Result<void>> SnapshotTransfer::fetch(std::string id, std::uint64_t size,
                                           std::string address) {
  while (!fetching_.insert(id).second) co_await fetched_.wait_for(piece_timeout);
  Result<void> result;
  if (!snapshots_.has(id)) {
    const std::string path = snapshots_.new_path();
    result = co_await fetch_into(path, id, size, std::move(address));
    if (!result) ::unlink(path.c_str());
  }
  fetching_.erase(id);
  fetched_.notify_all();
  co_return result;
}

Task<Result<void>> SnapshotTransfer::fetch_into(std::string path, std::string id,
                                                std::uint64_t size, std::string address) {
  if (!is_snapshot_id(id) || rpc_ == nullptr) {
    co_return fail(ErrorCode::not_found, "there is no such snapshot");
  }
  for (std::uint64_t offset = 0; offset < size;) {
    std::string call = encode_call(Kind::read, id, offset, size, {});
    Result<std::string> piece =
        co_await rpc_->call(address, api::RpcMethod::snapshot_file, std::move(call), piece_timeout);
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty() || piece->size() > size - offset) {
      co_return fail(ErrorCode::corrupt, "the snapshot is of another size than was said");
    }
    const std::uint64_t at = offset;
    offset += piece->size();
    const Result<void> written = co_await on_snapshot_thread(
        &main_, &snapshots_,
        [path, at, bytes = std::move(*piece)] { return write_piece(path, at, bytes); });
    if (!written) co_return written;
  }
  const Result<void> taken = co_await on_snapshot_thread(&main_, &snapshots_, [this, path, id] {
    return take_up_restorable(snapshots_.directory(), path, id);
  });
  if (taken) {
    keep(id);
    snapshots_.added(id, 0);
  }
  co_return taken;
}

Task<Result<std::string>> SnapshotTransfer::answer(std::string body) {
  Result<FileCall> call = api::decode_record<FileCall>(body);
  if (!call) co_return fail(ErrorCode::bad_request, "the call cannot be decoded");
  if (call->kind == static_cast<std::uint64_t>(Kind::read)) {
    co_return co_await answer_read(std::move(call->id), call->offset);
  }
  const Result<void> taken = co_await fetch(call->id, call->size, std::move(call->address));
  if (!taken) co_return std::unexpected(taken.error());
  co_return std::string();
}

Task<Result<std::string>> SnapshotTransfer::answer_read(std::string id, std::uint64_t offset) {
  if (!snapshots_.has(id)) co_return fail(ErrorCode::not_found, "there is no such snapshot here");
  auto initiate = [this](auto resume, std::string of, std::uint64_t from) {
    auto shared = std::make_shared<decltype(resume)>(std::move(resume));
    snapshots_.read(of, from, piece_bytes,
                    [shared](Result<std::string> bytes) { (*shared)(std::move(bytes)); });
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                                 void(Result<std::string>)>(
      std::move(initiate), boost::asio::use_awaitable_t<Executor>{}, std::move(id), offset);
}

}  // namespace conclave::daemon
