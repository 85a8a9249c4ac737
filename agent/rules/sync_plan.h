#pragma once

/// The anti-entropy plan (contract 6.5): first reconcile() marks what differs between agent and
/// catalog, then plan() lists the calls that make them equal. A local change needs only plan().
/// Carried out by agent/sync.

#include <set>
#include <string>
#include <vector>

#include "agent/rules/sync_image.h"

namespace conclave::agent {

/// Judges every item anew: what the catalog lacks or has differently is out of sync; what only the
/// catalog has is to be removed, except the service `consul` and the check `serfHealth`, which are
/// the leader's. A service with EnableTagOverride takes its tags from the catalog. While an output
/// is due later, it is not compared. Returns the ids of services whose tags changed here.
std::set<std::string> reconcile(LocalImage& local, const CatalogImage& catalog);

struct SyncOperation {
  enum class Kind { deregister_service, register_service, deregister_check, register_check, node };
  Kind kind;
  std::string id;  ///< Service or check.
  std::vector<std::string>
      checks;  ///< register_service: checks that go along, because their token is the same.
  std::string token;

  friend bool operator==(const SyncOperation&, const SyncOperation&) = default;
};

/// Services (with their checks), then the remaining checks, then the node. A check of a service
/// that is being removed goes with it.
std::vector<SyncOperation> plan(const LocalImage& local);

}  // namespace conclave::agent
