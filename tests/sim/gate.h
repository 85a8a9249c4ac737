#pragma once

/// Who lets whom in: the real rule of raft/net, by what each process has seen of the others.

#include <map>
#include <utility>

#include "raft/net/peer_hello.h"
#include "tests/sim/server.h"

namespace conclave::sim {

class Gate {
 public:
  /// True: the receiver takes what the sender says.
  bool lets_in(const Process& from, const SimServer& to);

 private:
  struct Seen {
    Process process;  ///< The latest that was let in.
    SimTime heard = 0;
    std::uint64_t life = 0;  ///< Of the receiver, which forgets with it.
  };
  /// By the receiver's number and who the sender says he is.
  std::map<std::pair<std::size_t, Member>, Seen> seen_;
};

}  // namespace conclave::sim
