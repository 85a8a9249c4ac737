#pragma once

/// The tables of docs/configuration.md, made of the tables that the loader works by.

#include <string>

namespace conclave::cli {

/// One table for each subject: key, what becomes of it, type, default, meaning.
std::string render_keys();
/// The flags of `agent`.
std::string render_flags();

/// `document` with what stands between the lines `<!-- name -->` and `<!-- end of name -->`
/// exchanged for `text`; "" if these lines are not there.
std::string with_section(const std::string& document, const std::string& name,
                         const std::string& text);

}  // namespace conclave::cli
