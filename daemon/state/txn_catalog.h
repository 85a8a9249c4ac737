#pragma once

/// Operations of a transaction on nodes, services and checks (contract section 4).

#include <expected>
#include <string>

#include "daemon/command/command.h"
#include "daemon/state/step.h"

namespace conclave::daemon {

/// What is engaged in a result: nothing after a removal. Its place is the caller's affair. The
/// error is the sentence of the transaction's error.
using CatalogAnswer = std::expected<CatalogResult, std::string>;

/// A get.
CatalogAnswer read_catalog(const ReadRows& rows, const CatalogOp& op);
/// Any verb, with all that follows from it.
CatalogAnswer run_catalog(Step& step, const CatalogOp& op);

/// Does the result show an object? After a removal it does not, and there is none.
bool shows_something(const CatalogResult& result);

}  // namespace conclave::daemon
