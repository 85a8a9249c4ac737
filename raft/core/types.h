#pragma once

/// The words of the Raft paper as types (Ongaro & Ousterhout, Figure 2).

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace conclave::raft {

/// Position in the log; 0 = before the first entry.
struct Index {
  std::uint64_t value = 0;
  friend auto operator<=>(const Index&, const Index&) = default;
};

struct Term {
  std::uint64_t value = 0;
  friend auto operator<=>(const Term&, const Term&) = default;
};

inline Index next(Index index) { return {index.value + 1}; }
inline Term next(Term term) { return {term.value + 1}; }
inline Index previous(Index index) { return {index.value - 1}; }

/// A server: its UUID text. Ordered, because the core iterates in a fixed order.
struct NodeId {
  std::string value;
  friend auto operator<=>(const NodeId&, const NodeId&) = default;
};

/// 128 random bits made when a data directory is initialised: the same node id with another
/// incarnation is a wiped disk, which must not vote with a forgotten past.
using Incarnation = std::array<std::uint8_t, 16>;

enum class EntryKind : std::uint8_t {
  noop = 0,           ///< A new leader's first entry (§8).
  command = 1,        ///< Opaque payload for the state machine.
  configuration = 2,  ///< An encoded Configuration (§6).
};

struct Entry {
  Term term;
  Index index;
  EntryKind kind = EntryKind::noop;
  std::string payload;
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// What must survive a crash besides the log (Figure 2, persistent state).
struct HardState {
  Term current_term;
  NodeId voted_for;  ///< "" = none in this term.
  friend bool operator==(const HardState&, const HardState&) = default;
};

enum class Suffrage : std::uint8_t { voter = 0, learner = 1 };

struct Server {
  NodeId id;
  Incarnation incarnation{};
  std::string address;  ///< "ip:port" of RPC.
  Suffrage suffrage = Suffrage::voter;
  friend bool operator==(const Server&, const Server&) = default;
};

/// The servers of the cluster; while `outgoing` is not empty, joint consensus is in force (§6):
/// decisions need a majority of the voters in `servers` and one of the voters in `outgoing`.
struct Configuration {
  std::vector<Server> servers;
  std::vector<Server> outgoing;
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

enum class Role : std::uint8_t { follower, pre_candidate, candidate, leader };

}  // namespace conclave::raft
