#pragma once

/// Where DNS gets its knowledge from: a server reads its own state (daemon/dns), an agent asks a
/// server (link_directory.h). DNS keeps what it was told in views (agent/dns/views.h) until it is
/// told that something changed. All of it on the loop of DNS.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/core/duration.h"
#include "base/core/result.h"
#include "base/run/loop.h"

namespace conclave::dns {

/// What can be asked about.
struct Subject {
  enum class Kind : std::uint8_t {
    service,  ///< The instances of a service, by its name in lower case.
    node,     ///< By its name in lower case.
    query,    ///< What a prepared query finds, by its id or name in lower case.
    owner,    ///< Who has an IP address, written as inet_ntop() writes it.
  };
  Kind kind = Kind::service;
  std::string name;
  friend auto operator<=>(const Subject&, const Subject&) = default;
};

using Meta = std::vector<std::pair<std::string, std::string>>;

/// One instance that is not critical.
struct Instance {
  std::string node;
  std::string node_address;
  Meta node_meta;
  std::string address;  ///< Its own; "" = the node's.
  std::uint16_t port = 0;
  std::uint16_t weight = 1;  ///< Of its present status.
  bool warning = false;      ///< Some check has a warning.
  std::vector<std::string> tags;
  /// By settle(): of its own address or else the node's, 4 or 16 bytes; "" = that is a name.
  std::string ip;

  const std::string& reached_at() const { return address.empty() ? node_address : address; }
};

/// An address that instances have, with the sum of their weights.
struct Host {
  std::string ip;  ///< 4 or 16 bytes.
  std::uint32_t weight = 0;
};

struct ServiceFinding {
  std::vector<Instance> instances;
  std::string service;         ///< As it is written, or as the prepared query says.
  std::string ttl;             ///< Of a prepared query, Go duration text; "" = none.
  bool nearest_first = false;  ///< Their order means something.
  bool is_part = false;        ///< There are more (agent/dns/part.h).
  std::vector<Host> hosts;     ///< By settle(): each address once.
};

struct NodeFinding {
  std::string node;  ///< As it is written.
  std::string address;
  Meta meta;
};

/// Exactly one of the two has a name.
struct OwnerFinding {
  std::string node;
  std::string service;
};

struct Finding {
  /// Of the state that was looked at.
  std::uint64_t revision = 0;
  /// monostate: there is nothing of that name. A service without usable instances is nothing.
  std::variant<std::monostate, ServiceFinding, NodeFinding, OwnerFinding> what;

  bool is_nothing() const { return std::holds_alternative<std::monostate>(what); }
};

/// Works out what every answer from it needs. `only_passing`: instances with warnings, and a
/// service that has no others, are not there; a prepared query says so itself.
void settle(Finding& finding, bool only_passing);
/// The addresses of the instances that have that tag ("" = of all).
std::vector<Host> hosts_of(const std::vector<Instance>& instances, std::string_view tag);
bool has_tag(const Instance& instance, std::string_view tag);
/// About how much memory it takes.
std::uint64_t bytes_of(const Instance& instance);
std::uint64_t bytes_of(const Finding& finding);

/// How old an answer may be.
struct Freshness {
  bool allow_stale = true;  ///< False: as the leader knows it.
  Nanos max_stale{};
};

/// Is told what of the findings does not hold any more.
class ChangeListener {
 public:
  virtual ~ChangeListener() = default;
  /// Something about the subject was changed by that revision.
  virtual void changed(const Subject& subject, std::uint64_t revision) = 0;
  /// Prepared queries may find something else.
  virtual void queries_changed(std::uint64_t revision) = 0;
  /// Everything may be different: a snapshot was put in place, or the connection was away.
  virtual void everything_changed() = 0;
};

class Directory {
 public:
  virtual ~Directory() = default;
  /// Looks now. Errors: nobody can be asked, or nobody whose knowledge is fresh enough.
  virtual Task<Result<Finding>> find(Subject subject, Freshness freshness) = 0;
  /// A finding that something was found in is kept from now on until let_go(): the listener must
  /// hear of its changes, also after there is nothing any more. Where no service, node or query was
  /// found it need not; such a finding is forgotten after a second anyhow, and so are owners of
  /// addresses.
  virtual void let_go(const Subject& subject) = 0;
  /// When somebody who speaks for the leader was heard last, on the boot-time clock.
  virtual Nanos last_contact() const = 0;
  /// Before anything is asked. nullptr: nobody is told any more.
  virtual void tell(ChangeListener* listener) = 0;
};

}  // namespace conclave::dns
