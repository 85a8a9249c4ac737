#pragma once

/// The body of PUT /v1/txn: its limits, and what it says as a command (contract section 4).

#include <string_view>
#include <vector>

#include "base/core/result.h"
#include "daemon/command/command.h"
#include "daemon/http/context.h"

namespace conclave::daemon {

struct ParsedTxn {
  Txn txn;
  std::vector<TxnError> errors;  ///< What cannot even be said as a command.
};

/// Errors are the request's: a body or value too large, too many operations, no JSON.
Result<ParsedTxn> parse_txn(std::string_view text, const ServerSettings& settings);

}  // namespace conclave::daemon
