#pragma once

/// A server whose log or state cannot be read as a whole must not vote or lead with what is left:
/// it begins anew and gets everything from its cluster, like one with an empty disk (design section
/// 5). What it had is moved aside, never deleted. Blocking; before anything else has the files
/// open.
///
/// <data_dir>/rejoin is there from that decision until the server has a log again: one line for
/// each address at which to ask. As long as it is there this server founds no cluster, whatever it
/// was started with: it belonged to one.

#include <optional>
#include <string>
#include <vector>

#include "base/core/result.h"

namespace conclave::cli {

/// nullopt: nothing of the kind is under way.
Result<std::optional<std::vector<std::string>>> rejoin_addresses(const std::string& data_dir);

/// Moves log and state aside because of `damage` and leaves the note. Error: `damage` itself, if
/// the log tells of no other voter that could have the data.
Result<void> begin_anew(const std::string& data_dir, const std::string& node_id,
                        const Error& damage);

/// There is a log again.
Result<void> end_rejoin(const std::string& data_dir);

}  // namespace conclave::cli
