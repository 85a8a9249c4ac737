#pragma once

/// A server's own state as the directory of its DNS: looked up on main, where the state may always
/// be read; main tells what changes. So an answer shows a write from the moment on when its writer
/// was told that it is done, and DNS costs main nothing while nothing changes.

#include <memory>
#include <string>

#include "agent/dns/directory.h"
#include "base/core/rng.h"
#include "base/run/clock.h"
#include "base/run/loop.h"
#include "daemon/replica/replica.h"
#include "daemon/state/change_set.h"
#include "daemon/store/store.h"

namespace conclave::daemon {

class StoreDirectory final : public dns::Directory {
 public:
  /// All outlive this object; `reader` is main's, `dns_loop` that of DNS. `node_name` is this
  /// server's.
  StoreDirectory(Loop& main, Loop& dns_loop, const Clock& clock, Replica& replica, Reader& reader,
                 std::string node_name, Rng rng);

  /// Called on main after each committed batch.
  void publish(const std::shared_ptr<const ChangeSet>& changes);

  Task<Result<dns::Finding>> find(dns::Subject subject, dns::Freshness freshness) override;
  /// All changes are told anyhow.
  void let_go(const dns::Subject&) override {}
  Nanos last_contact() const override;
  void tell(dns::ChangeListener* listener) override { listener_ = listener; }

 private:
  Task<dns::Finding> look(dns::Subject subject);
  void pass_on(const ChangeSet& changes);

  Loop& main_;
  Loop& dns_loop_;
  const Clock& clock_;
  Replica& replica_;
  Reader& reader_;
  const std::string node_name_;
  Rng rng_;  ///< Main's.
  dns::ChangeListener* listener_ = nullptr;
};

}  // namespace conclave::daemon
