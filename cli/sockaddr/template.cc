#include "cli/sockaddr/template.h"

#include <utility>
#include <variant>
#include <vector>

#include "cli/sockaddr/functions.h"
#include "cli/sockaddr/template_parser.h"

namespace conclave::cli::sockaddr {
namespace {

Result<Value> evaluate(const Pipeline& pipeline, const Interfaces& all);

Result<Value> evaluate(const Term& term, const Interfaces& all) {
  if (std::holds_alternative<Dot>(term.value)) return Value(all);
  if (const auto* number = std::get_if<std::int64_t>(&term.value)) return Value(*number);
  if (const auto* text = std::get_if<std::string>(&term.value)) return Value(*text);
  return evaluate(std::get<Pipeline>(term.value), all);
}

Result<Value> evaluate(const Pipeline& pipeline, const Interfaces& all) {
  std::vector<Value> piped;
  for (const Command& command : pipeline) {
    std::vector<Value> arguments;
    for (const Term& term : command.terms) {
      CONCLAVE_TRY_ASSIGN(arguments.emplace_back(), evaluate(term, all));
    }
    for (Value& value : piped) arguments.push_back(std::move(value));
    piped.clear();
    if (command.function.empty()) {
      if (arguments.size() > 1) {
        return fail_at_character(command.at, "nothing can be piped into a value");
      }
      piped = std::move(arguments);
      continue;
    }
    auto result = call_function(command.function, arguments, all);
    if (!result) return fail_at_character(command.at, result.error().message);
    piped.push_back(std::move(*result));
  }
  return std::move(piped.front());
}

}  // namespace

bool is_template(std::string_view text) { return text.contains("{{"); }

Result<std::string> evaluate_template(std::string_view text, const Interfaces& interfaces) {
  CONCLAVE_TRY_ASSIGN(const std::vector<Piece> pieces, parse_template(text));
  std::string out;
  for (const Piece& piece : pieces) {
    if (const auto* plain = std::get_if<std::string>(&piece)) {
      out += *plain;
      continue;
    }
    const Pipeline& pipeline = std::get<Pipeline>(piece);
    CONCLAVE_TRY_ASSIGN(const Value value, evaluate(pipeline, interfaces));
    if (const auto* found = std::get_if<std::string>(&value)) {
      out += *found;
    } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
      out += std::to_string(*number);
    } else {
      return fail_at_character(pipeline.back().at,
                               "this is a list of addresses: take something out of it with "
                               "attr or join");
    }
  }
  return out;
}

}  // namespace conclave::cli::sockaddr
