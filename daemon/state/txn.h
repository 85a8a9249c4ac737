#pragma once

/// Transactions (contract section 4): in order, all or nothing, all errors collected.

#include "daemon/command/command.h"
#include "daemon/state/change_set.h"
#include "daemon/state/state_machine.h"
#include "daemon/store/rows.h"

namespace conclave::daemon {

/// Results of one transaction are at most this many entries and bytes of values: the rest of a
/// get-tree that goes beyond is an error of that operation.
inline constexpr std::size_t txn_results_max = 4096;
inline constexpr std::size_t txn_results_bytes_max = 16 << 20;

Outcome apply_txn(const Txn& txn, const ApplyTime& time, Rows& rows, ChangeSet& changes);

/// True if no operation can change anything: such a transaction is served like a read.
bool is_read_only(const Txn& txn);
/// What apply() would answer to a read-only transaction.
Outcome read_txn(const Txn& txn, const ReadRows& rows);

}  // namespace conclave::daemon
