#include "cli/sockaddr/template_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "api/query/filter_literal.h"
#include "base/core/text.h"

namespace conclave::cli::sockaddr {
namespace {

constexpr std::string_view blank = " \t\r\n";

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Words that Go's templates know and these do not.
constexpr std::array<std::string_view, 8> control_words = {"if",   "else",   "end",      "range",
                                                           "with", "define", "template", "block"};

class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : text_(text) {}

  Result<std::vector<Piece>> parse() {
    while (at_ < text_.size()) {
      const std::size_t open = std::min(text_.find("{{", at_), text_.size());
      std::string before(text_.substr(at_, open - at_));
      at_ = open;
      const bool trims = is_trimming("{{-");
      if (trims) before.erase(before.find_last_not_of(blank) + 1);
      if (!before.empty()) pieces_.emplace_back(std::move(before));
      if (open == text_.size()) break;
      at_ += trims ? 3 : 2;
      CONCLAVE_TRY(action());
    }
    return std::move(pieces_);
  }

 private:
  /// A trimming mark has a space on its inner side, so that {{-1}} is a number.
  bool is_trimming(std::string_view mark) const {
    return text_.substr(at_).starts_with(mark) && at_ + mark.size() < text_.size() &&
           blank.contains(text_[at_ + mark.size()]);
  }
  bool is_closing() const {
    return rest().starts_with("}}") ||
           (rest().starts_with("-}}") && at_ > 0 && blank.contains(text_[at_ - 1]));
  }
  std::string_view rest() const { return text_.substr(at_); }
  void skip_blank() { at_ = std::min(text_.find_first_not_of(blank, at_), text_.size()); }
  std::unexpected<Error> refuse(std::string_view message) const {
    return fail_at_character(at_ + 1, message);
  }

  Result<void> action() {
    skip_blank();
    if (rest().starts_with("/*")) {
      const std::size_t end = text_.find("*/", at_ + 2);
      if (end == std::string_view::npos) return refuse("the comment is not closed");
      at_ = end + 2;
      skip_blank();
    } else {
      CONCLAVE_TRY_ASSIGN(Pipeline pipeline, this->pipeline(0));
      pieces_.emplace_back(std::move(pipeline));
    }
    if (!is_closing()) return refuse(rest().empty() ? "}} is missing" : "unexpected " + shown());
    const bool trims = rest().starts_with('-');
    at_ += trims ? 3 : 2;
    if (trims) skip_blank();
    return {};
  }

  std::string shown() const { return fmt::format("'{}'", rest().substr(0, 1)); }

  Result<Pipeline> pipeline(std::size_t depth) {
    if (depth > template_depth_max) return refuse("too many parentheses in each other");
    Pipeline commands;
    for (;;) {
      CONCLAVE_TRY_ASSIGN(commands.emplace_back(), command(depth));
      if (!rest().starts_with('|')) return commands;
      ++at_;
    }
  }

  Result<Command> command(std::size_t depth) {
    skip_blank();
    Command command{.function = {}, .terms = {}, .at = at_ + 1};
    command.function = word();
    if (std::ranges::find(control_words, command.function) != control_words.end()) {
      return fail_at_character(command.at, fmt::format("\"{}\" is not supported here: write one "
                                                       "pipeline of functions",
                                                       command.function));
    }
    for (skip_blank(); !at_end_of_command(); skip_blank()) {
      if (command.function.empty() && !command.terms.empty()) {
        return refuse("a value takes no arguments: expected '|' or '}}'");
      }
      CONCLAVE_TRY_ASSIGN(Term one, term(depth));
      command.terms.push_back(std::move(one));
    }
    if (command.function.empty() && command.terms.empty()) {
      return refuse(rest().empty() ? "}} is missing" : "a function is missing");
    }
    return command;
  }

  bool at_end_of_command() const {
    return rest().empty() || is_closing() || rest().starts_with('|') || rest().starts_with(')');
  }

  std::string word() {
    if (!rest().empty() && rest()[0] >= '0' && rest()[0] <= '9') return "";
    std::size_t size = 0;
    while (size < rest().size() && is_word_character(rest()[size])) ++size;
    std::string name(rest().substr(0, size));
    at_ += size;
    return name;
  }

  Result<Term> term(std::size_t depth) {
    const char first = rest().front();
    if (first == '"' || first == '`') return text();
    if (first == '(') {
      ++at_;
      CONCLAVE_TRY_ASSIGN(Pipeline inner, pipeline(depth + 1));
      if (!rest().starts_with(')')) return refuse("')' is missing");
      ++at_;
      return Term{std::move(inner)};
    }
    if (first == '.') {
      ++at_;
      if (!rest().empty() && is_word_character(rest()[0])) return refuse("there are no fields");
      return Term{Dot{}};
    }
    if (first == '$') return refuse("there are no variables");
    if (first == '-' || (first >= '0' && first <= '9')) return number();
    Command call{.function = {}, .terms = {}, .at = at_ + 1};
    call.function = word();
    if (call.function.empty()) return refuse("unexpected " + shown());
    return Term{Pipeline{std::move(call)}};
  }

  Result<Term> number() {
    const std::size_t end = std::min(text_.find_first_not_of("-0123456789", at_), text_.size());
    const std::string_view digits = text_.substr(at_, end - at_);
    const auto value = parse_i64(digits);
    if (!value) return refuse(fmt::format("{} is no whole number", digits));
    at_ = end;
    return Term{*value};
  }

  Result<Term> text() {
    const char quote = text_[at_];
    std::size_t end = at_ + 1;
    while (end < text_.size() && text_[end] != quote) {
      end += quote == '"' && text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size()) return refuse("the text is not closed");
    const auto meaning = api::unquote_go(text_.substr(at_, end + 1 - at_));
    if (!meaning) return refuse("the text has an escape sequence that does not exist");
    at_ = end + 1;
    return Term{*meaning};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Piece> pieces_;
};

}  // namespace

std::unexpected<Error> fail_at_character(std::size_t at, std::string_view message) {
  return fail(ErrorCode::bad_request, fmt::format("character {}: {}", at, message));
}

Result<std::vector<Piece>> parse_template(std::string_view text) {
  if (text.size() > template_bytes_max) {
    return fail_at_character(template_bytes_max + 1,
                             fmt::format("longer than {} bytes", template_bytes_max));
  }
  return TemplateParser(text).parse();
}

}  // namespace conclave::cli::sockaddr
