#include "daemon/replica/command_times.h"

namespace conclave::daemon {

CommandTimes::CommandTimes(Metrics& metrics)
    : kvs_(metrics.histogram("consul.kvs.apply", "Time to write a key")),
      txn_(metrics.histogram("consul.txn.apply", "Time to carry out a transaction")),
      session_(metrics.histogram("consul.session.apply", "Time to create or end a session")),
      register_(metrics.histogram("consul.catalog.register", "Time to register in the catalog")),
      deregister_(
          metrics.histogram("consul.catalog.deregister", "Time to deregister from the catalog")) {}

void CommandTimes::observe(const Command& command, Nanos duration) {
  struct Cell {
    CommandTimes& times;
    Histogram* operator()(const KvOp&) const { return &times.kvs_; }
    Histogram* operator()(const Txn&) const { return &times.txn_; }
    Histogram* operator()(const SessionCreate&) const { return &times.session_; }
    Histogram* operator()(const SessionEnd&) const { return &times.session_; }
    Histogram* operator()(const Register&) const { return &times.register_; }
    Histogram* operator()(const Deregister&) const { return &times.deregister_; }
    Histogram* operator()(const MemberUpdate&) const { return nullptr; }
    Histogram* operator()(const ReapTombstones&) const { return nullptr; }
    Histogram* operator()(const ContinueJob&) const { return nullptr; }
    Histogram* operator()(const ReapLockDelays&) const { return nullptr; }
    Histogram* operator()(const SetFeatureLevel&) const { return nullptr; }
    Histogram* operator()(const FireEvent&) const { return nullptr; }
    Histogram* operator()(const SetCaRoot&) const { return nullptr; }
    Histogram* operator()(const WriteQuery&) const { return nullptr; }
    Histogram* operator()(const UpdateCoordinates&) const { return nullptr; }
    Histogram* operator()(const SetAutopilot&) const { return nullptr; }
    Histogram* operator()(const Restore&) const { return nullptr; }
  };
  if (Histogram* cell = visit_body(Cell{*this}, command.body)) cell->observe(duration);
}

}  // namespace conclave::daemon
